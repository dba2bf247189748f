#pragma once
#include <array>
#include <bit>
#include <vector>

#include "kernels/linear/epilogue.hpp"

namespace tulle::linear {
constexpr int kGroupRows = 4;
constexpr int kSubsets = (1 << kGroupRows) - 1;  ///< of the rows of a group, without the empty one

/// Four consecutive rows of A. The columns that use exactly the rows of subset s (bit i: row i of the group)
/// lie together, subsets 1, 2, .., 15 in this order; an entry is a u16 column and the values of its rows.
struct Group {
  Index row = 0;
  Index rows = 0;
  Index first_column = 0, first_value = 0;
  std::array<std::int32_t, kSubsets> entries{};  ///< [s - 1]
};

struct PackedGroups {
  explicit PackedGroups(const Problem&);
  std::size_t bytes() const;
  std::vector<Group> groups;
  Buffer<std::uint16_t> columns;
  Buffer<float> values;
  Buffer<std::int32_t> b_offsets;
};

/// The columns must fit 16 bits.
std::optional<std::string> refuse_packed(const Problem&);
/// One run in microseconds at 3.6 GHz; scale: cycles against AVX-512 on Zen 4.
double packed_cost_us(const Problem&, double scale);
}  // namespace tulle::linear
