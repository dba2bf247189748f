#pragma once
#include <nlohmann/json.hpp>
#include "lab/bench.hpp"

namespace tulle::lab {
/// The plan's layers with their times: [{name, op, shape, zeros, pattern, kernel, layout, reason, ms, dense_ms, candidates}].
nlohmann::json layers_json(const runtime::Prepared&, const Profile&);
/// {latency_ms, throughput_per_s, load_ms, plan_ms, peak_rss_mb, layers, peers, machine, threads, precision, ...}.
nlohmann::json bench_json(const BenchOptions&, const std::vector<PeerResult>&, const runtime::Prepared&, const Profile&,
                          double plan_ms, Index batch);
nlohmann::json machine_json();
/// Trace-event format, which Perfetto and chrome://tracing open: one run, step after step.
nlohmann::json trace_json(const plan::Plan&, const Profile&);
}  // namespace tulle::lab
