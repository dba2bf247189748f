#include "lab/report.hpp"
#include "core/cpu.hpp"
#include "lab/weights.hpp"

namespace tulle::lab {
namespace {
using nlohmann::json;

json candidate_json(const plan::Candidate& c) {
  json j{{"kernel", c.name}};
  if (!c.refusal.empty()) j["refusal"] = c.refusal;
  if (c.cost_us > 0) j["cost_us"] = c.cost_us;
  if (c.time_us > 0) j["time_us"] = c.time_us;
  return j;
}

json latency_json(const Latencies& l) { return {{"min", l.min}, {"median", l.median}, {"p90", l.p90}, {"p99", l.p99}}; }

json peer_json(const PeerResult& p, double tulle_min) {
  if (!p.error.empty()) return {{"error", p.error}};
  return {{"latency_ms", latency_json(p.latency_ms)}, {"version", p.version}, {"load_ms", p.load_ms}, {"peak_rss_mb", p.peak_rss_mb},
          {"difference", p.difference}, {"tulle_is_faster_by", p.latency_ms.min / tulle_min}};
}
}  // namespace

json machine_json() {
  const CpuInfo cpu = cpu_info();
  return {{"cpu", cpu.model}, {"cores", cpu.cores}, {"features", to_string(cpu_features())}, {"l1d_bytes", cpu.l1d_bytes},
          {"l2_bytes", cpu.l2_bytes}, {"l3_bytes", cpu.l3_bytes}};
}

json layers_json(const runtime::Prepared& p, const Profile& profile) {
  const plan::Plan& plan = *p.plan;
  const std::map<std::string, Pattern> patterns = lab::patterns(p.graph);
  json layers = json::array();
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    const plan::Layer& l = plan.layers[i];
    json j{{"name", l.name}, {"op", l.op}, {"shape", l.shape}, {"kernel", l.kernel}, {"layout", l.layout}, {"reason", l.reason},
           {"zeros", l.zeros}, {"ms", profile.layer_us.empty() ? 0.0 : profile.layer_us[i] / 1e3}, {"dense_ms", nullptr}};
    if (l.dense_us > 0) j["dense_ms"] = profile.slices * l.dense_us / 1e3;
    if (l.sparse_us > 0) j["sparse_ms"] = profile.slices * l.sparse_us / 1e3;
    if (l.break_even > 0) j["sparse_pays_from_zeros"] = l.break_even;
    if (const auto found = patterns.find(l.name); found != patterns.end()) j["pattern"] = found->second.name;
    for (const plan::Candidate& c : l.candidates) j["candidates"].push_back(candidate_json(c));
    layers.push_back(std::move(j));
  }
  return layers;
}

json bench_json(const BenchOptions& o, const std::vector<PeerResult>& results, const runtime::Prepared& p, const Profile& profile,
                double plan_ms, Index batch) {
  const PeerResult& tulle = results.front();
  json j{{"model", o.model.filename().string()}, {"version", tulle.version}, {"latency_ms", latency_json(tulle.latency_ms)},
         {"throughput_per_s", 1e3 * static_cast<double>(batch) / tulle.latency_ms.median}, {"load_ms", tulle.load_ms},
         {"plan_ms", plan_ms}, {"peak_rss_mb", tulle.peak_rss_mb}, {"machine", machine_json()}, {"threads", o.threads},
         {"precision", "f32"}, {"runs", tulle.latency_ms.all.size()}, {"slices", p.slices}, {"layers", json::array()}, {"peers", json::object()}};
  if (p.plan) j["layers"] = layers_json(p, profile);
  for (std::size_t i = 1; i < results.size(); ++i) j["peers"][results[i].name] = peer_json(results[i], tulle.latency_ms.min);
  return j;
}

json trace_json(const plan::Plan& plan, const Profile& profile) {
  json events = json::array();
  double at = 0;
  for (std::size_t s = 0; s < plan.steps.size() && s < profile.step_us.size(); ++s) {
    const plan::PlannedStep& step = plan.steps[s];
    const plan::Layer& l = plan.layers[static_cast<std::size_t>(step.layer)];
    events.push_back({{"name", l.name + " (" + l.op + ")"}, {"cat", step.label}, {"ph", "X"}, {"ts", at}, {"dur", profile.step_us[s]},
                      {"pid", 1}, {"tid", 1}, {"args", {{"kernel", step.label}, {"shape", l.shape}, {"zeros", l.zeros}, {"why", l.reason}}}});
    at += profile.step_us[s];
  }
  return {{"traceEvents", events}, {"displayTimeUnit", "ms"}};
}
}  // namespace tulle::lab
