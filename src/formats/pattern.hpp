#pragma once
#include <string>
#include <vector>

#include "tulle/sparse.hpp"

namespace tulle {
/// What the zeros of a weight, seen as a matrix of outputs x inputs, look like.
struct Pattern {
  Index rows = 0, cols = 0, nnz = 0;
  Index empty_rows = 0, empty_cols = 0;
  std::string name;  ///< "dense", "2:4 along inputs", "blocks 4x1", "unstructured", "all zero"
  double zeros() const {
    return rows && cols
               ? 1 - static_cast<double>(nnz) / (static_cast<double>(rows) * static_cast<double>(cols))
               : 0;
  }
};

/// N:M: of every M successive inputs at most N stay;
/// a block pattern: whole aligned blocks of the size are zero or (nearly) full; the strictest that fits is
/// named.
Pattern find_pattern(const CsrView&);
/// The same of a row-major rows x cols matrix, or of one that lies transposed (data[j * rows + i]).
Pattern find_pattern(const float* data, Index rows, Index cols, bool transposed = false);
}  // namespace tulle
