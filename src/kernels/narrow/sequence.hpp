#pragma once
#include "kernels/narrow/words.hpp"

namespace tulle::narrow {
/// An order of A's columns that makes its words fewer: columns with entries in the same rows share a word.
/// New column c is column sequence[c] of A. Empty where that gains less than 2 %. Columns change places
/// within 512 of them, so that the search takes a few milliseconds at most. Needs AVX-512.
std::vector<std::int32_t> fewest_words(const CsrView&, DType);

/// A with its columns in that order.
Csr reordered(const CsrView&, std::span<const std::int32_t> sequence);
}  // namespace tulle::narrow
