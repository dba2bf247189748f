#include "cli/session.hpp"
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>

namespace tulle::cli {
namespace {
constexpr int kMostThreads = 1024;

// Appears after a second where somebody is looking, is wiped when done.
class ProgressBar {
 public:
  void operator()(Index done, Index total) {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    if (!looking_ || seconds < 1) return;
    constexpr Index kWidth = 30;
    const Index full = total ? done * kWidth / total : kWidth;
    fmt::print(stderr, "\rplanning [{}{}] {}/{} nodes", std::string(static_cast<std::size_t>(full), '#'),
               std::string(static_cast<std::size_t>(kWidth - full), ' '), done, total);
    if (done == total) fmt::print(stderr, "\r\x1b[K");  // wiped: the answer stands alone
    std::fflush(stderr);
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  bool looking_ = isatty(STDERR_FILENO) == 1;
};
}  // namespace

void add_session_options(CLI::App& app, SessionArguments& a) {
  app.add_option("model", a.model, "ONNX file")->required();
  app.add_option("--threads", a.threads, "Threads of one run")->check(CLI::Range(1, kMostThreads))->capture_default_str();
  app.add_option("--plan-cache", a.plan_cache, "Folder where plans are kept, so that the next start measures nothing");
  app.add_flag("--dense", a.dense, "Ask dense kernels only: the baseline of comparisons");
  add_follow_links(app, a.follow_links);
}

void add_shapes_option(CLI::App& app, SessionArguments& a) {
  app.add_option("--shapes", a.shapes, "Shapes of inputs, e.g. input_ids:1x128,attention_mask:1x128");
}

void add_follow_links(CLI::App& app, bool& follow) {
  app.add_flag("--follow-links", follow, "Weights beside the model may be links out of its folder, as in hubs' caches");
}

Model load_model(const SessionArguments& a) { return Model::load(a.model, {.follow_links = a.follow_links}); }

SessionOptions session_options(const SessionArguments& a) {
  auto bar = std::make_shared<ProgressBar>();
  return {.threads = a.threads, .sparse = !a.dense, .plan_cache = a.plan_cache,
          .progress = [bar](Index done, Index total) { (*bar)(done, total); }};
}
}  // namespace tulle::cli
