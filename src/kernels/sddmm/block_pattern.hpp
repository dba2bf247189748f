#pragma once
#include "kernels/sddmm/kernel.hpp"

namespace tulle::sddmm {
/// The blocks of a mask that hold an entry, for values in the order of BSR, cut into groups of so many
/// queries, a divisor of the blocks' rows: no index of an entry, nor of a tile.
struct BlockPattern {
  BlockPattern(const Problem&, Index group_rows);
  Index panels() const { return divide_up(keys, block_cols) * across(); }
  std::size_t bytes() const {
    return (offsets.size() + work.size()) * sizeof(Index) + columns.size() * sizeof(std::int32_t);
  }
  /// The panels of 16 keys that the blocks of groups [first, last) lie between.
  struct Panels {
    Index first, last;
  };
  Panels panels(Index first, Index last) const;

  /// batch(count, panels, at) for up to `Most` tiles of a group at a time: their panels of 16 keys, and where
  /// the value of the group's first query and the panel's first key belongs.
  template <int Most, class Batch>
  void visit(Index group, const Batch& batch) const {
    const Index query = group * group_rows, row = query / block_rows;
    Index panel[Most], at[Most];
    int count = 0;
    for (Index b = offsets[static_cast<std::size_t>(row)]; b < offsets[static_cast<std::size_t>(row) + 1];
         ++b)
      for (Index p = 0; p < across(); ++p) {
        panel[count] = columns[static_cast<std::size_t>(b)] * across() + p;
        at[count] = (b * block_rows + query % block_rows) * block_cols + p * kPanel;
        if (++count < Most) continue;
        batch(count, panel, at);
        count = 0;
      }
    if (count > 0) batch(count, panel, at);
  }

  static constexpr Index kPanel = 16;
  Index queries, keys, block_rows, block_cols, group_rows;
  std::vector<Index> offsets{0};  ///< of rows of blocks
  std::vector<std::int32_t> columns;
  std::vector<Index> work{0};  ///< of groups, in tiles

 private:
  static Index divide_up(Index a, Index b) { return (a + b - 1) / b; }
  Index across() const { return block_cols / kPanel; }
};

/// Why a problem does not go by blocks of tiles of so many queries x 16 keys.
std::optional<std::string> refuse_blocks(const Problem&, Index group_rows);
/// Why a kernel does not serve that gives values in the order of CSR.
std::optional<std::string> refuse_order(const Problem&);
}  // namespace tulle::sddmm
