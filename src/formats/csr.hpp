#pragma once
#include <span>
#include <vector>
#include "tulle/tensor.hpp"

namespace tulle {
/// CSR matrix owned by somebody else; row i holds entries offsets[i] .. offsets[i + 1] - 1.
struct CsrView {
  Index rows = 0, cols = 0;
  std::span<const Index> offsets;         ///< rows + 1 of them, rising; the last is values.size()
  std::span<const std::int32_t> columns;  ///< one per entry, in [0, cols), rising within a row
  std::span<const float> values;          ///< one per entry
  Index nnz() const { return static_cast<Index>(values.size()); }
};

struct Csr {
  Index rows = 0, cols = 0;
  std::vector<Index> offsets;
  std::vector<std::int32_t> columns;
  std::vector<float> values;
  CsrView view() const { return {rows, cols, offsets, columns, values}; }
};

/// The non-zeros of a row-major rows x cols matrix whose rows lie `stride` floats apart. -0.0 counts as zero.
Csr csr_from_dense(const float* data, Index rows, Index cols, Index stride);
/// The same for a matrix that lies transposed: entry (i, j) is data[j * stride + i].
Csr csr_from_transposed(const float* data, Index rows, Index cols, Index stride);
}  // namespace tulle
