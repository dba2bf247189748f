#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tulle/error.hpp"
#include "tulle/tensor.hpp"

namespace tulle {
/// Sparse matrices. An entry is a stored value, and may be 0; what is not stored is 0 and takes no part in a
/// sum, so that a NaN or an infinity opposite an absent entry changes nothing. Values are f32 here; bf16 and
/// int8 are made when a kernel packs. Kernels trust what check() would accept.

/// CSR matrix owned by somebody else; row i holds entries offsets[i] .. offsets[i + 1] - 1.
struct CsrView {
  Index rows = 0, cols = 0;
  std::span<const Index> offsets;         ///< rows + 1 of them, rising from 0; the last is values.size()
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
  bool operator==(const Csr&) const = default;
};

/// Throws Error, with the row and the numbers, unless all that CsrView says of its members is true.
void check(const CsrView&);

/// A CSR matrix from arrays that may come from anywhere. Columns out of order within a row are sorted, with
/// their values; everything else that check() does not accept, a column twice in a row as well, is an Error.
Csr make_csr(Index rows, Index cols, std::vector<Index> offsets, std::vector<std::int32_t> columns,
             std::vector<float> values);

/// The non-zeros of a row-major rows x cols matrix whose rows lie `stride` floats apart. -0.0 counts as zero.
Csr csr_from_dense(const float* data, Index rows, Index cols, Index stride);
}  // namespace tulle
