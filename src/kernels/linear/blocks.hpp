#pragma once
#include <vector>

#include "kernels/linear/epilogue.hpp"

namespace tulle::linear {
constexpr int kBlockRows = 4;

/// Four consecutive rows of A that have the same columns (the last group may have fewer): each column's
/// values lie side by side.
struct BlockGroup {
  Index row = 0, rows = 0, first = 0, count = 0;  ///< columns first .. first + count - 1 of all
};
struct Blocks {
  explicit Blocks(const Problem&);
  std::size_t bytes() const {
    return groups.size() * sizeof(BlockGroup) + b_offsets.size() * 4 + values.size() * sizeof(float);
  }
  std::vector<BlockGroup> groups;
  Buffer<std::int32_t> b_offsets;
  Buffer<float> values;  ///< [column of a group][kBlockRows]
};

/// Rows in fours must have the same columns, and rows of B rise by multiples of 16 floats.
std::optional<std::string> refuse_blocks(const Problem&);
/// Microseconds of a run that takes so many cycles for each product of a value and 16 columns.
double blocks_us(const Problem&, double cycles);
}  // namespace tulle::linear
