#include "kernels/linear/blocks.hpp"

#include <algorithm>

namespace tulle::linear {
Blocks::Blocks(const Problem& p) {
  Index columns = 0;
  for (Index row = 0; row < p.a.rows; row += kBlockRows) {
    const Index count = p.a.offsets[row + 1] - p.a.offsets[row];
    groups.push_back({row, std::min<Index>(kBlockRows, p.a.rows - row), columns, count});
    columns += count;
  }
  b_offsets = Buffer<std::int32_t>(static_cast<std::size_t>(columns));
  values = Buffer<float>(static_cast<std::size_t>(columns * kBlockRows));
  for (const BlockGroup& g : groups)
    for (Index e = 0; e < g.count; ++e) {
      b_offsets[static_cast<std::size_t>(g.first + e)] = p.b_offsets[p.a.columns[p.a.offsets[g.row] + e]];
      for (Index i = 0; i < g.rows; ++i)
        values[static_cast<std::size_t>((g.first + e) * kBlockRows + i)] =
            p.a.values[p.a.offsets[g.row + i] + e];
    }
}

std::optional<std::string> refuse_blocks(const Problem& p) {
  for (std::size_t k = 0; k < p.b_offsets.size(); ++k)
    if (p.b_offsets[k] % kLanes != 0 || (k > 0 && p.b_offsets[k] < p.b_offsets[k - 1]))
      return "row " + std::to_string(k) + " of B lies at " + std::to_string(p.b_offsets[k]) +
             "; want rising multiples of " + std::to_string(kLanes);
  const auto columns = [&](Index i) {
    return std::span(p.a.columns).subspan(p.a.offsets[i], p.a.offsets[i + 1] - p.a.offsets[i]);
  };
  for (Index i = 0; i < p.a.rows; ++i)
    if (i % kBlockRows && !std::ranges::equal(columns(i), columns(i - 1)))
      return "rows " + std::to_string(i - 1) + " and " + std::to_string(i) + " have other columns; want " +
             std::to_string(kBlockRows) + " at a time with the same";
  return std::nullopt;
}

double blocks_us(const Problem& p, double cycles) {
  constexpr double kCyclesPerUs = 3500, kBytesPerUs = 50e3;
  const double nnz = static_cast<double>(p.a.nnz()), tiles = static_cast<double>(p.tiles);
  const double work = nnz * tiles * cycles + static_cast<double>(p.a.rows) * tiles * 3;
  return 0.3 + std::max(work / kCyclesPerUs, nnz * 5 / kBytesPerUs);
}
}  // namespace tulle::linear
