#pragma once
// Where the entries of one row of C are gathered: a cell of 32 bits for each column of the row. Either one
// for every column of C, or a table of hashes for those that the row can have (both: Gustavson, ACM TOMS
// 4(3), 1978, and Nagasaka et al., arXiv 1804.01698). A table is used only where it is far the smaller.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

#include "tulle/tensor.hpp"

namespace tulle::spgemm {
constexpr Index kSmall = 1 << 19;  ///< columns whose cells fit an L2 cache beside what else is needed
constexpr Index kFarFewer = 16;

/// `count`: the most columns that the row can have.
inline bool wants_table(Index count, Index cols) {
  return cols > kSmall && count < cols / kFarFewer;
}
inline Index table_size(Index count) {
  return static_cast<Index>(std::bit_ceil(static_cast<std::uint64_t>(2 * count + 2)));
}
/// What a row needs of scratch.
inline Index cell_words(Index count, Index cols) {
  return wants_table(count, cols) ? 2 * table_size(count) : cols;
}

/// A cell for every column.
class AllCells {
 public:
  AllCells(std::uint32_t* words, Index) : words_(words) {}
  std::uint32_t& make(std::int32_t column) { return words_[column]; }
  std::uint32_t* find(std::int32_t column) { return words_ + column; }

  void clear(std::span<const std::int32_t> columns) {
    for (std::int32_t j : columns) words_[j] = 0;
  }

 private:
  std::uint32_t* words_;
};

/// Open addressing; at most half of the places are taken, so that every search ends.
class TableCells {
 public:
  TableCells(std::uint32_t* words, Index count)
      : last_(static_cast<std::uint32_t>(table_size(count) - 1)),
        keys_(words),
        cells_(words + table_size(count)) {
    std::fill_n(keys_, table_size(count), kFree);
    std::fill_n(cells_, table_size(count), 0u);
  }
  std::uint32_t& make(std::int32_t column) {
    const std::uint32_t at = place(column);
    keys_[at] = static_cast<std::uint32_t>(column);
    return cells_[at];
  }
  std::uint32_t* find(std::int32_t column) {
    const std::uint32_t at = place(column);
    return keys_[at] == kFree ? nullptr : cells_ + at;
  }

  void clear(std::span<const std::int32_t>) { std::fill(keys_, cells_ + last_ + 1, 0u); }

 private:
  static constexpr std::uint32_t kFree = 0xffffffff;
  /// Knuth's multiplicative hash; neighbours in columns must not be neighbours here.
  std::uint32_t place(std::int32_t column) const {
    const auto key = static_cast<std::uint32_t>(column);
    std::uint32_t at = (key * 2654435769u >> 7) & last_;
    while (keys_[at] != key && keys_[at] != kFree) at = (at + 1) & last_;
    return at;
  }
  std::uint32_t last_;
  std::uint32_t *keys_, *cells_;
};
}  // namespace tulle::spgemm
