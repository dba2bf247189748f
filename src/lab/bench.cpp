#include "lab/bench.hpp"
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include "core/cpu.hpp"
#include "io/npz.hpp"
#include "lab/process.hpp"
#include "lab/scratch.hpp"

namespace tulle::lab {
namespace {
using nlohmann::json;
constexpr double kEndSeconds = 20;

struct Peer {
  PeerResult result;
  std::unique_ptr<Process> process;
  io::NamedTensors outputs;
  std::vector<double> ms;
};

std::vector<std::string> command(const std::string& name, const PeerPaths& paths, bool dense) {
  if (name == "tulle" && !dense) return {paths.tulle, "peer"};
  if (name == "tulle") return {paths.tulle, "peer", "--dense"};
  if (name == "tulle:dense") return {paths.tulle, "peer", "--dense"};
  const std::filesystem::path script = paths.scripts / (name.substr(0, name.find(':')) + ".py");
  if (name.find('/') != std::string::npos || !std::filesystem::exists(script))
    throw Error("peer '" + name + "'", "is not known: there is no " + script.string());
  if (!std::filesystem::exists(paths.python)) throw Error("peer '" + name + "'", "is not installed: there is no " + paths.python.string() + "; run 'make peers'");
  return {paths.python, script};
}

// Failures of one engine are its result; the others go on.
template <class Body> void attempt(Peer& p, const Body& body) {
  if (!p.result.error.empty()) return;
  const std::string who = "peer '" + p.result.name + "': ";
  const auto leave_out = [&](const std::string& why) {
    p.result.error = why.starts_with(who) ? why : who + why;
    p.process.reset();
  };
  try {
    body();
  } catch (const Error& e) {
    leave_out(e.what());
  } catch (const json::exception&) {
    leave_out("answered what the protocol does not know");
  }
}

void load(Peer& p, const BenchOptions& o, const PeerPaths& paths, const Scratch& folder) {
  attempt(p, [&] {
    const std::string& name = p.result.name;
    p.process = std::make_unique<Process>(name, command(name, paths, o.dense));
    const std::filesystem::path out = folder.path / "outputs.npz";
    std::filesystem::remove(out);  // the one before
    json cpus = json::array();
    for (int c = 0; c < o.threads && c < cpu_info().cores; ++c) cpus.push_back(c);
    json job{{"cmd", "load"}, {"model", std::filesystem::absolute(o.model).string()}, {"threads", o.threads}, {"cpus", cpus},
             {"inputs", (folder.path / "inputs.npz").string()}, {"outputs", out.string()}};
    if (const std::size_t colon = name.find(':'); colon != std::string::npos) job["option"] = name.substr(colon + 1);
    if (!o.plan_cache.empty()) job["plan_cache"] = o.plan_cache.string();
    if (o.follow_links) job["follow_links"] = true;
    const json answer = p.process->ask(job, o.load_seconds);
    p.result.version = answer.value("version", "?");
    p.result.load_ms = 1e3 * answer.value("load_s", 0.0);
    p.result.first_ms = answer.value("first_ms", 0.0);
    p.outputs = io::read_npz(out);
  });
}

template <class T> double largest(const Tensor& t) {
  double most = 0;
  for (T x : t.as<T>()) most = std::max(most, std::abs(static_cast<double>(x)));
  return most;
}

// Largest difference over the largest output; other types than f32 must agree exactly.
double difference(const Tensor& a, const Tensor& b) {
  if (!(a.type() == b.type())) throw Error("outputs", fmt::format("{} against {}", to_string(a.shape()), to_string(b.shape())));
  if (a.dtype() != DType::f32) return std::memcmp(a.data(), b.data(), a.size_bytes()) == 0 ? 0 : 1;
  double most = 0;
  const auto x = a.as<float>(), y = b.as<float>();
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double d = std::abs(static_cast<double>(x[i]) - y[i]);
    if (!(d <= most)) most = d;  // a NaN stays
  }
  return most / std::max(1e-30, largest<float>(a));
}

void compare(const Peer& tulle, Peer& p) {
  attempt(p, [&] {
    if (tulle.outputs.size() != p.outputs.size()) throw Error("peer '" + p.result.name + "'", "has another number of outputs");
    for (std::size_t i = 0; i < p.outputs.size(); ++i)
      p.result.difference = std::max(p.result.difference, difference(tulle.outputs[i].second, p.outputs[i].second));
  });
}

void run_round(Peer& p, const BenchOptions& o) {
  attempt(p, [&] {
    const json answer = p.process->ask({{"cmd", "run"}, {"ms", o.round_ms}}, o.run_seconds);
    for (const json& t : answer.value("ms", json::array())) p.ms.push_back(t.get<double>());
    if (p.ms.empty()) throw Error("peer '" + p.result.name + "'", "gave no times");
  });
}
}  // namespace

std::vector<PeerResult> bench(const BenchOptions& o, const PeerPaths& paths, const Inputs& inputs) {
  const Scratch folder("tulle-bench");
  io::write_npz(folder.path / "inputs.npz", inputs);
  std::vector<Peer> peers;
  peers.push_back({.result = {.name = "tulle"}});
  for (const std::string& name : o.against) peers.push_back({.result = {.name = name}});
  for (Peer& p : peers) {
    if (o.say) o.say("loading " + p.result.name);
    load(p, o, paths, folder);
    compare(peers.front(), p);
  }
  if (!peers.front().result.error.empty()) throw Error("bench", peers.front().result.error);
  for (int round = 0; round < o.rounds; ++round) {
    if (o.say) o.say(fmt::format("round {} of {}", round + 1, o.rounds));
    for (Peer& p : peers) run_round(p, o);
  }
  std::vector<PeerResult> results;
  for (Peer& p : peers) {
    attempt(p, [&] { p.result.peak_rss_mb = p.process->ask({{"cmd", "end"}}, kEndSeconds).value("peak_rss_mib", 0.0) * 1.048576; });
    p.result.latency_ms = latencies(std::move(p.ms));
    results.push_back(std::move(p.result));
  }
  return results;
}
}  // namespace tulle::lab
