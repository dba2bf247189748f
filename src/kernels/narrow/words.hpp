#pragma once
#include "kernels/narrow/kernel.hpp"

namespace tulle::narrow {
constexpr Index values_in_word(DType dtype) {
  return dtype == DType::bf16 ? 2 : 4;
}
constexpr Index words_of(DType dtype, Index k) {
  return (k + values_in_word(dtype) - 1) / values_in_word(dtype);
}

/// A by words: column w holds columns w n .. w n + n - 1 of A (n values in a word), each value the word's 32
/// bits as a float that nobody computes with.
Csr pack_words(const CsrView&, DType);

/// The product of words as linear's packers and generator know it; bias, residual and activation are p's.
struct OnWords {
  explicit OnWords(const Problem& p);
  OnWords(const OnWords&) = delete;
  Csr words;
  std::vector<std::int32_t> offsets;
  linear::Problem problem;
};

/// bf16: the same product by single columns, of which an even one and the odd one behind it share a row of
/// words.
struct OnColumns {
  explicit OnColumns(const Problem& p);
  OnColumns(const OnColumns&) = delete;
  std::vector<float> values;  ///< of A, rounded to bf16
  std::vector<std::int32_t> offsets;
  linear::Problem problem;
};

/// i8: what the sum of each row begins with, -zero_point * (sum of the row), so that B need not be shifted.
std::vector<std::int32_t> first_sums(const Problem&);
/// i8: one scale for each row.
std::vector<float> scales_of(const Problem&);

/// Why these values or this type do not suit: a value that is no whole number of 8 bits, so many columns that
/// a sum leaves 32 bits.
std::optional<std::string> refuse_values(const Problem&);
}  // namespace tulle::narrow
