#pragma once
// The rows of A as work: a row of more than kLongest entries is cut into pieces of as many, whatever the
// number of threads, so that no thread holds a hub alone and sums have the same bits for any number.
#include <vector>

#include "kernels/aggregate/kernel.hpp"

namespace tulle::aggregate {
constexpr Index kLongest = 2048;  ///< entries of a piece
constexpr Index kAhead = 16;      ///< entries from the one that is read to the one whose row of B is fetched

/// Branches at the ends of rows are foreseen where one row after the other is as long; C is then written to
/// and fro.
enum class Order { as_given, by_length };

struct Pieces {
  Pieces(const Problem&, Order);
  Index count() const { return static_cast<Index>(to.size()); }
  Index blocks() const { return static_cast<Index>(block_begins.size()) - 1; }
  std::size_t bytes() const;

  struct LongRow {
    Index row, first_part, parts;
    float entries;
  };
  std::vector<Index> begins;          ///< of each piece's entries, and the number of entries
  std::vector<std::int32_t> to;       ///< row of C; of a part of a long row, -1 - its place among the parts
  std::vector<Index> block_begins;    ///< blocks of pieces with about as many entries each
  std::vector<std::int32_t> columns;  ///< kAhead more than there are entries: the last one again
  std::vector<float> values;          ///< empty: all ones
  std::vector<LongRow> long_rows;
  Index parts = 0;

 private:
  struct Piece {
    Index first, length;
    std::int32_t to;
  };
  std::vector<Piece> cut_rows(const CsrView&);
};
}  // namespace tulle::aggregate
