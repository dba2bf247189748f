#pragma once
#include <span>
#include <vector>

#include "kernels/linear/order.hpp"

namespace tulle::linear::generated {
/// The nonzeros of a few rows of A, by column, in the order in which generated code will use them.
struct Nonzero {
  std::int32_t row;  ///< within the rows
  float value;
};
struct Column {
  Index b_bytes;      ///< from a tile's b to this row of B
  std::int32_t rank;  ///< place of the column among all columns of A
  std::uint32_t first, count;
  /// At least 0: the row of B is read so far from the tile's place in row-major B, and if `keep`, then copied
  /// to b_bytes of the tile's panel.
  Index source_bytes = -1;
  bool keep = false;
};
struct Columns {
  std::vector<Column> columns;  ///< those with a nonzero, by rank
  std::vector<Nonzero> nonzeros;
  std::span<const Nonzero> of(const Column& c) const { return {nonzeros.data() + c.first, c.count}; }
};

/// Rows first .. first + count - 1.
Columns collect_columns(const Problem&, std::span<const std::int32_t> ranks, Index first, Index count);

/// The ranks at which `blocks` blocks of columns with about as many nonzeros each begin, and the end of the
/// last.
std::vector<std::int32_t> cut_columns(std::span<const Columns> tiles, Index cols, Index blocks);

/// Of row-major B, b_ld floats from row to row: the first tile of rows that uses a row of B reads it there
/// and copies it to the panel of its block, from which the tiles behind it read; or all read it there. A row
/// of B that only one uses is not copied. Returns the rows of the longest panel.
Index place_in_panels(std::span<Columns> tiles, std::span<const std::int32_t> blocks, Index b_ld, bool copy);
}  // namespace tulle::linear::generated
