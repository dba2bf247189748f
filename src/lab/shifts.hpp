#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tulle::lab {
/// One contender on one case in two folders of results.
struct Shift {
  std::string kernel, what;  ///< what: the case in words
  double us_before = 0, us_now = 0;
};
struct KernelShift {
  std::size_t cases = 0, faster = 0, slower = 0;  ///< the latter two beyond the noise
  double speedup = 1;                             ///< geometric mean of before by now
};
struct Shifts {
  std::map<std::string, KernelShift> kernels;
  std::vector<Shift> changes;  ///< those beyond the noise, the largest first
  std::size_t matched = 0, only_before = 0, only_now = 0;
};

/// Matches measurements whatever their machine. A change is beyond the noise when the fastest run of every round, and
/// the median, of one folder were faster than any run of the other, and the fastest runs differ by more than 2 %.
Shifts shifts_between(const std::vector<nlohmann::json>& before, const std::vector<nlohmann::json>& now);
}  // namespace tulle::lab
