#pragma once
#include <span>

#include "tulle/tensor.hpp"

namespace tulle {
/// Softmax of each row of a CSR matrix over its entries: y = exp(scale x - m) / sum exp(scale x - m), m the
/// largest scale x of the row. What is absent counts as -infinity; a row without entries, or with none above
/// -infinity, gives zeros. Entries offsets[i] .. offsets[i + 1] - 1 are row i's; x and y are equal or apart.
/// Error of an element: at most (n + 12 + 3 (|scale x| + |m|)) 2^-24 of it, n the entries of its row. Throws
/// Error unless offsets rise from 0.
void softmax_rows(std::span<const Index> offsets, float scale, const float* x, float* y, int threads = 1);
}  // namespace tulle
