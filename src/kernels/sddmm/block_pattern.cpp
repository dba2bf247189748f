#include "kernels/sddmm/block_pattern.hpp"

#include <algorithm>

#include "formats/blocks.hpp"

namespace tulle::sddmm {
BlockPattern::BlockPattern(const Problem& p, Index rows)
    : queries(p.mask.queries()),
      keys(p.mask.keys()),
      block_rows(p.block_rows),
      block_cols(p.block_cols),
      group_rows(rows) {
  const Csr csr = p.mask.to_csr();
  for (Index row = 0; row < divide_up(queries, block_rows); ++row) {
    const std::vector<std::int32_t> blocks = touched_blocks(csr.view(), row, {block_rows, block_cols});
    columns.insert(columns.end(), blocks.begin(), blocks.end());
    offsets.push_back(static_cast<Index>(columns.size()));
    for (Index g = 0; g < block_rows / group_rows; ++g)
      work.push_back(work.back() + std::ssize(blocks) * across());
  }
}

BlockPattern::Panels BlockPattern::panels(Index first, Index last) const {
  Index low = panels(), high = 0;
  const Index groups = block_rows / group_rows;
  for (Index row = first / groups; row * groups < last; ++row) {
    const Index begin = offsets[static_cast<std::size_t>(row)],
                end = offsets[static_cast<std::size_t>(row) + 1];
    if (begin == end) continue;
    low = std::min(low, columns[static_cast<std::size_t>(begin)] * across());
    high = std::max(high, (columns[static_cast<std::size_t>(end) - 1] + 1) * across());
  }
  return {std::min(low, high), high};
}

std::optional<std::string> refuse_blocks(const Problem& p, Index group_rows) {
  if (p.block_rows == 0) return "gives values by blocks; asked are values in the order of CSR";
  if (p.block_rows % group_rows == 0 && p.block_cols % BlockPattern::kPanel == 0) return std::nullopt;
  return "blocks of " + std::to_string(p.block_rows) + "x" + std::to_string(p.block_cols) +
         "; sides are wanted that are multiples of " + std::to_string(group_rows) + " and 16";
}

std::optional<std::string> refuse_order(const Problem& p) {
  if (p.block_rows == 0) return std::nullopt;
  return "gives values in the order of CSR; asked are values by blocks";
}
}  // namespace tulle::sddmm
