#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tulle::lab {
/// A layer whose kernel or time is another one than in an older report; "" and 0 where it is missing there.
struct Change {
  std::string layer, kernel_before, kernel_now;
  double ms_before = 0, ms_now = 0;
};
struct Comparison {
  std::vector<Change> changes;  ///< the largest first
  double ms_before = 0, ms_now = 0;
  std::size_t same = 0;
};

/// Two reports of `explain --json` or `bench --json`; times within a tenth count as equal. Throws Error naming `file`
/// when the older one is no report.
Comparison compare(const nlohmann::json& before, const nlohmann::json& now, const std::string& file);
}  // namespace tulle::lab
