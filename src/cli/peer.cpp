#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sched.h>
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include "cli/commands.hpp"
#include "io/npz.hpp"
#include "lab/inputs.hpp"
#include "runtime/session.hpp"

namespace tulle::cli {
namespace {
using nlohmann::json;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

double memory_mib(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind(field + ":", 0) == 0) return std::stod(line.substr(field.size() + 1)) / 1024;
  return 0;
}

void pin(const json& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const json& c : cpus) CPU_SET(c.get<unsigned>(), &set);
  if (CPU_COUNT(&set)) sched_setaffinity(0, sizeof set, &set);
}

/// Tulle behind the protocol that every engine speaks in a comparison: one JSON object a line, in and out.
class Peer {
 public:
  explicit Peer(bool sparse) : sparse_(sparse) {}

  json answer(const json& job) {
    const std::string cmd = job.at("cmd");
    if (cmd == "load") return load(job);
    if (cmd == "run") return run(job);
    if (cmd == "end") return {{"peak_rss_mib", memory_mib("VmHWM")}};
    throw Error("peer", "no command '" + cmd + "'");
  }

 private:
  json load(const json& job) {
    if (job.contains("load_cpus")) pin(job["load_cpus"]);
    cpus_ = job.value("cpus", json::array());
    inputs_ = io::read_npz(job.at("inputs").get<std::string>());
    const double base = memory_mib("VmRSS");
    const Clock::time_point start = Clock::now();
    const Model model = Model::load(job.at("model").get<std::string>(), {.follow_links = job.value("follow_links", false)});
    session_ = std::make_unique<Session>(model, SessionOptions{.threads = job.value("threads", 1), .sparse = sparse_,
                                                               .plan_cache = job.value("plan_cache", "")});
    session_->prepare(lab::views(inputs_));
    const double load_ms = ms_since(start);
    const Clock::time_point first = Clock::now();
    const std::vector<Tensor> made = session_->impl().run_all(lab::views(inputs_));
    const double first_ms = ms_since(first);
    for (std::size_t i = 0; i < made.size(); ++i)
      outputs_.emplace_back(model.outputs()[i].name, made[i]);
    io::NamedTensors numbered;
    for (std::size_t i = 0; i < made.size(); ++i) numbered.emplace_back(fmt::format("arr_{}", i), made[i]);
    io::write_npz(job.at("outputs").get<std::string>(), numbered);
    return {{"load_s", load_ms / 1e3}, {"base_rss_mib", base}, {"first_ms", first_ms}, {"version", TULLE_VERSION}};
  }

  json run(const json& job) {
    if (!session_) throw Error("peer", "'run' before 'load'");
    pin(cpus_);
    const std::vector<NamedInput> inputs = lab::views(inputs_);
    std::vector<NamedOutput> outputs;
    for (auto& [name, tensor] : outputs_) outputs.push_back({name, {tensor.type(), tensor.mutable_data()}});
    session_->run(inputs, outputs);
    const int runs = job.value("runs", 0);
    const double budget_ms = job.value("ms", 0.0);
    json times = json::array();
    const Clock::time_point start = Clock::now();
    while (runs ? static_cast<int>(times.size()) < runs : times.size() < 2 || ms_since(start) < budget_ms) {
      const Clock::time_point t = Clock::now();
      session_->run(inputs, outputs);
      times.push_back(ms_since(t));
    }
    return {{"ms", times}};
  }

  bool sparse_;
  json cpus_ = json::array();
  io::NamedTensors inputs_, outputs_;
  std::unique_ptr<Session> session_;
};
}  // namespace

void add_peer(CLI::App& app) {
  auto dense = std::make_shared<bool>(false);
  CLI::App* c = app.add_subcommand("peer", "Speak the comparison protocol on standard input and output (for benchmarks).");
  c->add_flag("--dense", *dense, "Ask dense kernels only");
  c->callback([dense] {
    Peer peer(!*dense);
    for (std::string line; std::getline(std::cin, line);) {
      json answer;
      bool end = false;
      try {
        const json job = json::parse(line);
        end = job.value("cmd", "") == "end";
        answer = peer.answer(job);
      } catch (const std::exception& e) {
        answer = {{"error", e.what()}};
      }
      std::cout << answer.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
      if (end) return;
    }
  });
}
}  // namespace tulle::cli
