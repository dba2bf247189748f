#include "kernels/linear/jit_columns.hpp"

#include <algorithm>
#include <numeric>

namespace tulle::linear::generated {
namespace {
struct Entry {
  std::int32_t rank, row, column;
  float value;
};

/// Stable; by counting, unless the columns are many more than the entries.
void sort_by_rank(std::vector<Entry>& entries, Index cols) {
  constexpr Index kColumnsPerEntry = 16;
  if (cols > kColumnsPerEntry * std::ssize(entries)) {
    std::stable_sort(entries.begin(), entries.end(),
                     [](const Entry& a, const Entry& b) { return a.rank < b.rank; });
    return;
  }
  std::vector<std::uint32_t> place(static_cast<std::size_t>(cols) + 1, 0);
  for (const Entry& e : entries) ++place[static_cast<std::size_t>(e.rank) + 1];
  std::partial_sum(place.begin(), place.end(), place.begin());
  std::vector<Entry> sorted(entries.size());
  for (const Entry& e : entries) sorted[place[static_cast<std::size_t>(e.rank)]++] = e;
  entries.swap(sorted);
}
}  // namespace

Columns collect_columns(const Problem& p, std::span<const std::int32_t> ranks, Index first, Index count) {
  std::vector<Entry> entries;
  entries.reserve(static_cast<std::size_t>(p.a.offsets[first + count] - p.a.offsets[first]));
  for (Index i = 0; i < count; ++i)
    for (Index e = p.a.offsets[first + i]; e < p.a.offsets[first + i + 1]; ++e) {
      const std::int32_t column = p.a.columns[e];
      entries.push_back({ranks[column], static_cast<std::int32_t>(i), column, p.a.values[e]});
    }
  sort_by_rank(entries, p.a.cols);
  Columns result;
  result.nonzeros.reserve(entries.size());
  for (const Entry& e : entries) {
    if (result.columns.empty() || result.columns.back().rank != e.rank)
      result.columns.push_back(
          {Index{4} * p.b_offsets[e.column], e.rank, static_cast<std::uint32_t>(result.nonzeros.size()), 0});
    ++result.columns.back().count;
    result.nonzeros.push_back({e.row, e.value});
  }
  return result;
}
}  // namespace tulle::linear::generated
