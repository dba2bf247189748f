#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>
#include <chrono>
#include <memory>
#include <sstream>
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/paths.hpp"
#include "cli/session.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "lab/report.hpp"

namespace tulle::cli {
namespace {
constexpr int kProfileRuns = 10;
constexpr double kAgrees = 1e-4;  // of the largest output; what f32 engines differ by at most

struct Arguments {
  SessionArguments session;
  std::string against, json, trace, input, python;
  int rounds = 5;
  double round_ms = 300;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

void print(const std::vector<lab::PeerResult>& results, const lab::BenchOptions& o) {
  using enum Table::Align;
  Table table({{"engine", left}, {"version", left, 0, false}, {"min ms", right}, {"median", right}, {"p90", right, 0, false}, {"p99", right, 0, false},
               {"load ms", right, 0, false}, {"peak MB", right, 0, false}, {"difference", right}, {"Tulle is", right}});
  const double tulle = results.front().latency_ms.min;
  for (const lab::PeerResult& r : results) {
    if (!r.error.empty()) continue;
    const lab::Latencies& l = r.latency_ms;
    const bool self = &r == &results.front();
    table.add({r.name, r.version, milliseconds(l.min), milliseconds(l.median), milliseconds(l.p90), milliseconds(l.p99),
               fmt::format("{:.0f}", r.load_ms), fmt::format("{:.0f}", r.peak_rss_mb), self ? "" : fmt::format("{:.1e}", r.difference),
               self ? "" : fmt::format("{:.2f}x as fast", l.min / tulle)});
    if (!self && !(r.difference <= kAgrees)) table.note("its outputs differ by more than 0.0001 of the largest: another precision, or a mistake");
  }
  fmt::print("{}", table.text(terminal_width()));
  const bool looking = isatty(STDOUT_FILENO) == 1;
  const char *red = looking ? "\x1b[31m" : "", *plain = looking ? "\x1b[0m" : "";
  for (const lab::PeerResult& r : results)
    if (!r.error.empty()) fmt::print("{}left out: {}{}\n", red, printable(r.error), plain);
  fmt::print("{} thread{}, {} interleaved rounds of {:.0f} ms; ratios of the minima\n", o.threads, o.threads == 1 ? "" : "s", o.rounds, o.round_ms);
}

lab::Inputs inputs_of(const Arguments& a, const Model& model) {
  if (a.input.empty()) return lab::random_inputs(model, lab::parse_shapes(a.session.shapes));
  if (!a.session.shapes.empty()) throw Error("--input", "has shapes of its own; leave out --shapes");
  return lab::read_inputs(model, a.input);
}

// A line of progress that the next one overwrites; for people only.
void say(const std::string& line) {
  if (isatty(STDERR_FILENO)) fmt::print(stderr, "\r\x1b[K{}", printable(line));
}

void bench(const Arguments& a) {
  const Model model = load_model(a.session);
  const lab::Inputs inputs = inputs_of(a, model);
  lab::BenchOptions o{.model = a.session.model, .against = split(a.against), .threads = a.session.threads, .rounds = a.rounds,
                      .round_ms = a.round_ms, .plan_cache = a.session.plan_cache, .dense = a.session.dense,
                      .follow_links = a.session.follow_links, .say = say};
  Session session(model, session_options(a.session));
  const auto start = std::chrono::steady_clock::now();
  const runtime::Prepared& p = about(a.session.model, [&]() -> const runtime::Prepared& { return lab::prepared(session, inputs); });
  const double plan_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  const lab::Profile profile = about(a.session.model, [&] { return lab::profile(p, model, inputs, a.session.threads, kProfileRuns); });
  const std::vector<lab::PeerResult> results = lab::bench(o, peer_paths(a.python), inputs);
  say("");
  const Index batch = inputs.empty() || inputs[0].second.shape().empty() ? 1 : inputs[0].second.shape()[0];
  if (!a.trace.empty() && p.plan) write_json(a.trace, lab::trace_json(*p.plan, profile));
  if (!a.json.empty()) write_json(a.json, lab::bench_json(o, results, p, profile, plan_ms, batch));
  if (a.json != "-" && a.trace != "-") print(results, o);
}
}  // namespace

void add_bench(CLI::App& app) {
  auto a = std::make_shared<Arguments>();
  CLI::App* c = app.add_subcommand("bench", "Time a model, beside other engines in interleaved rounds.");
  add_session_options(*c, a->session);
  add_shapes_option(*c, a->session);
  c->add_option("--input", a->input, "Real inputs in place of random ones: .npz, or .npy for a single input");
  c->add_option("--against", a->against, "Engines, e.g. tulle:dense,onnxruntime,openvino,openvino:default; install them with 'make peers'");
  c->add_option("--json", a->json, "Write the report as JSON to this file; '-': to standard output, alone");
  c->add_option("--trace", a->trace, "Write one run as a trace that Perfetto (ui.perfetto.dev) opens");
  c->add_option("--rounds", a->rounds, "Rounds in which each engine has its turn")->check(CLI::Range(1, 1000))->capture_default_str();
  c->add_option("--round-ms", a->round_ms, "Milliseconds of each engine in a round")->check(CLI::Range(1.0, 60000.0))->capture_default_str();
  c->add_option("--peer-python", a->python, "Python that has the engines installed");
  c->footer("Examples: tulle bench model.onnx --shapes x:1x3x224x224 --against tulle:dense,onnxruntime --json out.json\n"
            "          tulle bench model.onnx --input in.npz --json -");
  c->callback([a] { bench(*a); });
}
}  // namespace tulle::cli
