#pragma once
#include "tulle/sparse.hpp"

namespace tulle {
/// csr_from_dense for a matrix that lies transposed: entry (i, j) is data[j * stride + i].
Csr csr_from_transposed(const float* data, Index rows, Index cols, Index stride);
}  // namespace tulle
