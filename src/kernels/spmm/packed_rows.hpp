#pragma once
#include <vector>

#include "kernels/spmm/kernel.hpp"

namespace tulle::spmm {
constexpr Index kAhead =
    16;  ///< entries from the one that is multiplied to the one whose row of B is fetched

/// A's rows as they are, and a cut into blocks of about as many entries each.
struct PackedRows {
  explicit PackedRows(const Problem&);
  Index blocks() const { return static_cast<Index>(first_rows.size()) - 1; }
  std::size_t bytes() const;

  Index n;
  std::vector<Index> offsets, first_rows;  ///< of a row's entries; of the blocks, and the number of rows
  std::vector<std::int32_t> columns;       ///< kAhead more than there are entries: the last one again
  std::vector<float> values, bias;
  bool residual;
  Activation activation;
};
}  // namespace tulle::spmm
