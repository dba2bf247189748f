// Segments are the rows of a matrix of ones whose entries lie side by side: row i of B meets segment ids[i].
#include <fmt/format.h>

#include <numeric>

#include "core/cpu.hpp"
#include "library/aggregation.hpp"
#include "tulle/aggregate.hpp"

namespace tulle {
namespace {
constexpr const char* kWhere = "segment_reduce";

/// Where each segment begins, and the number of rows.
std::vector<Index> begins_of(std::span<const std::int32_t> ids, Index segments) {
  std::vector<Index> begins(static_cast<std::size_t>(segments) + 1);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] >= segments)
      throw Error(kWhere, fmt::format("row {} has id {}; there are {} segments", i, ids[i], segments));
    if (i > 0 && ids[i] < ids[i - 1])
      throw Error(kWhere,
                  fmt::format("row {} has id {} after {}; want ids that do not fall", i, ids[i], ids[i - 1]));
    ++begins[static_cast<std::size_t>(ids[i]) + 1];
  }
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  return begins;
}
}  // namespace

void segment_reduce(std::span<const std::int32_t> ids, Reduction reduction, DenseView b, MutableDenseView c,
                    int threads) {
  library::check_threads(kWhere, threads);
  library::check_features(kWhere, "B", b, std::ssize(ids), c.cols);
  library::check_features(kWhere, "C", c, c.rows, c.cols);
  library::check_apart(kWhere, b, c);
  if (c.cols == 0) return;
  if (b.rows > INT32_MAX) throw Error(kWhere, fmt::format("B has {} rows; at most 2^31 - 1", b.rows));
  const std::vector<Index> begins = begins_of(ids, c.rows);
  std::vector<std::int32_t> columns(ids.size());
  std::iota(columns.begin(), columns.end(), 0);
  const aggregate::Problem p{{c.rows, b.rows, begins, columns, {}}, reduction, false, c.cols, threads};
  for (const aggregate::Kernel* kernel : aggregate::kernels())
    if (contains(cpu_features(), kernel->needs) && !kernel->refuse(p))
      return library::Aggregation(kernel->prepare(p), p.n, threads).run(b, c);
}
}  // namespace tulle
