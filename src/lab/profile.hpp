#pragma once
#include <span>
#include <string>
#include <vector>
#include "lab/inputs.hpp"
#include "runtime/prepared.hpp"

namespace tulle::lab {
/// Times of one session's runs.
struct Latencies {
  double min = 0, median = 0, p90 = 0, p99 = 0;  ///< milliseconds
  std::vector<double> all;                       ///< sorted
};
Latencies latencies(std::vector<double> ms);

/// Where a run's time goes: for each step of the plan the least time over some runs, all slices of the batch together.
struct Profile {
  std::vector<double> step_us;
  std::vector<double> layer_us;  ///< by index into Plan::layers; conversions count for the layer that asked for them
  double slices = 1;             ///< a plan's own times are of one slice: times this, they compare with the above
};
Profile profile(const runtime::Prepared&, const Model&, const Inputs&, int threads, int runs);

/// The plan that a session has for these inputs; makes it when there is none.
const runtime::Prepared& prepared(Session&, const Inputs&);
}  // namespace tulle::lab
