#include <fmt/format.h>

#include <algorithm>

#include "choice/contest.hpp"

namespace tulle::choice {
/// A sparse kernel's time falls with the entries it keeps: the zeros at which it meets the dense time.
double break_even(const Verdict& v, double zeros) {
  if (v.dense_us == 0 || v.sparse_us == 0) return 0;
  return std::clamp(1 - (1 - zeros) * v.dense_us / v.sparse_us, 0.0, 1.0);
}

std::string reason(const Verdict& v, double zeros, bool sparse_won) {
  constexpr double kAnyZeros = 0.005;  // a break-even below it is none
  const double even = break_even(v, zeros);
  if (v.time_us == 0)
    return fmt::format("{:.0f} % zeros: chosen by the cost models, as the budget for measuring was spent",
                       100 * zeros);
  if (v.dense_us == 0)
    return v.kernel.ends_with("/reference") ? "only the reference runs here"
                                            : "only sparse kernels accept it";
  if (v.sparse_us == 0) return fmt::format("{:.0f} % zeros: no sparse kernel was worth a try", 100 * zeros);
  if (sparse_won)
    return fmt::format(
        "{:.0f} % zeros: sparse is {:.2f} times as fast as dense{}; here it pays {}", 100 * zeros,
        v.dense_us / v.sparse_us, v.dense_modelled ? " by its cost model" : "",
        even > kAnyZeros ? fmt::format("from about {:.0f} %", 100 * even) : "with any number of zeros");
  return fmt::format(
      "{:.0f} % zeros: dense wins at this shape, {:.2f} times as fast; sparse pays from about {:.0f} %",
      100 * zeros, v.sparse_us / v.dense_us, 100 * even);
}

std::optional<std::string> too_dense(Index nnz, Index entries) {
  constexpr double kFewestZeros = 0.15;
  constexpr Index kSmallWeight = 200'000;
  const double zeros = 1 - static_cast<double>(nnz) / static_cast<double>(std::max<Index>(1, entries));
  if (zeros >= kFewestZeros || nnz <= kSmallWeight) return std::nullopt;
  return fmt::format("{:.0f} % zeros are fewer than the {:.0f} % from which a sparse kernel can pay",
                     100 * zeros, 100 * kFewestZeros);
}
}  // namespace tulle::choice
