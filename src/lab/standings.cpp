#include "lab/standings.hpp"
#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace tulle::lab {
namespace {
using nlohmann::json;

/// Geometric mean of positive numbers.
struct Mean {
  double logs = 0;
  std::size_t count = 0;
  void add(double x) { logs += std::log(x), ++count; }
  double value() const { return count ? std::exp(logs / static_cast<double>(count)) : 0; }
};
struct Best {
  double dense_peer = std::numeric_limits<double>::infinity(), own_dense = dense_peer, peer = dense_peer, any = dense_peer;
  double dense() const { return std::isfinite(dense_peer) ? dense_peer : own_dense; }
};
struct Sums {
  Standing standing;
  Mean gflops, over_dense, over_peer;
};

// The same product on the same machine.
std::string case_of(const json& r) {
  return fmt::format("{} {} {} {} {} {} {} {} {}", r.value("machine", ""), r["op"].dump(), r["matrix"].dump(), r["n"].dump(), r["dtype"].dump(),
                     r["threads"].dump(), r.value("cold", false), r["order"].dump(), r.value("parameters", json()).dump());
}
}  // namespace

bool is_dense(const std::string& kernel) { return kernel.ends_with("_dense") || kernel.ends_with("_sdpa"); }

std::vector<Standing> standings(const std::vector<json>& records) {
  std::map<std::string, Best> best;
  for (const json& r : records) {
    if (!r.contains("us_min")) continue;
    const double us = r["us_min"];
    const std::string kernel = r["kernel"];
    Best& b = best[case_of(r)];
    b.any = std::min(b.any, us);
    if (is_dense(kernel)) b.dense_peer = std::min(b.dense_peer, us);
    if (kernel.ends_with("/dense")) b.own_dense = std::min(b.own_dense, us);
    if (!kernel.starts_with("tulle/")) b.peer = std::min(b.peer, us);
  }
  std::map<std::pair<int, std::string>, Sums> all;
  for (const json& r : records) {
    const std::string kernel = r["kernel"];
    Sums& s = all[{r["threads"].get<int>(), kernel}];
    s.standing.refused += r.contains("refused");
    s.standing.wrong += r.contains("wrong");
    s.standing.failed += r.contains("failed");
    if (!r.contains("us_min")) continue;
    const double us = r["us_min"];
    const Best& b = best[case_of(r)];
    ++s.standing.cases;
    s.standing.fastest += us <= b.any;
    if (r.value("gflops", 0.0) > 0) s.gflops.add(r["gflops"]);
    if (std::isfinite(b.dense())) s.over_dense.add(b.dense() / us);
    if (std::isfinite(b.peer)) s.over_peer.add(b.peer / us);
  }
  std::vector<Standing> out;
  for (auto& [at, s] : all) {
    s.standing.threads = at.first, s.standing.kernel = at.second;
    s.standing.gflops = s.gflops.value(), s.standing.over_dense = s.over_dense.value(), s.standing.over_peer = s.over_peer.value();
    out.push_back(s.standing);
  }
  std::stable_sort(out.begin(), out.end(), [](const Standing& a, const Standing& b) {
    return a.threads != b.threads ? a.threads < b.threads : a.over_dense > b.over_dense;
  });
  return out;
}
}  // namespace tulle::lab
