#include "lab/shifts.hpp"
#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include "lab/record.hpp"

namespace tulle::lab {
namespace {
using nlohmann::json;
constexpr double kEqual = 0.02;

std::map<std::string, const json*> measured(const std::vector<json>& records) {
  std::map<std::string, const json*> by_key;
  for (const json& r : records) {
    if (!r.contains("us_min")) continue;
    json same = r;
    same.erase("machine");
    by_key[key_of(same)] = &r;
  }
  return by_key;
}

struct Range {
  double least, most;
};
Range rounds(const json& r) {
  Range range{r["us_min"], r.value("us_median", 0.0)};
  for (const json& us : r.value("us_rounds", json::array()))
    if (us.is_number()) range.most = std::max(range.most, us.get<double>());
  return range;
}

bool beyond_noise(const json& before, const json& now) {
  const Range a = rounds(before), b = rounds(now);
  return (a.most < b.least || b.most < a.least) && std::abs(std::log(a.least / b.least)) > std::log1p(kEqual);
}

std::string words(const json& r) {
  return fmt::format("{} {} n={} {} {} thread{}{}{}", r["op"].get<std::string>(), r["matrix"].get<std::string>(), r["n"].get<long>(), r["dtype"].get<std::string>(), r["threads"].get<int>(),
                     r["threads"].get<int>() == 1 ? "" : "s", r.value("cold", false) ? " cold" : "", r["order"] == "row_major" ? "" : " " + r["order"].get<std::string>());
}
}  // namespace

Shifts shifts_between(const std::vector<json>& before, const std::vector<json>& now) {
  const auto old = measured(before), fresh = measured(now);
  Shifts result;
  std::map<std::string, double> logs;
  for (const auto& [key, b] : fresh) {
    const auto found = old.find(key);
    if (found == old.end()) {
      ++result.only_now;
      continue;
    }
    const json& a = *found->second;
    const Shift shift{(*b)["kernel"], words(*b), a["us_min"], (*b)["us_min"]};
    KernelShift& k = result.kernels[shift.kernel];
    ++result.matched, ++k.cases;
    logs[shift.kernel] += std::log(shift.us_before / shift.us_now);
    if (!beyond_noise(a, *b)) continue;
    (shift.us_now < shift.us_before ? k.faster : k.slower) += 1;
    result.changes.push_back(shift);
  }
  result.only_before = old.size() - result.matched;
  for (auto& [kernel, k] : result.kernels) k.speedup = std::exp(logs[kernel] / static_cast<double>(k.cases));
  std::sort(result.changes.begin(), result.changes.end(), [](const Shift& a, const Shift& b) {
    return std::abs(std::log(a.us_before / a.us_now)) > std::abs(std::log(b.us_before / b.us_now));
  });
  return result;
}
}  // namespace tulle::lab
