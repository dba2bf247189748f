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
};
struct Columns {
  std::vector<Column> columns;  ///< those with a nonzero, by rank
  std::vector<Nonzero> nonzeros;
  std::span<const Nonzero> of(const Column& c) const { return {nonzeros.data() + c.first, c.count}; }
};

/// Rows first .. first + count - 1.
Columns collect_columns(const Problem&, std::span<const std::int32_t> ranks, Index first, Index count);
}  // namespace tulle::linear::generated
