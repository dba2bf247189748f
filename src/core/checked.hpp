#pragma once
#include "tulle/error.hpp"
#include "tulle/tensor.hpp"

namespace tulle {
/// a * b and a + b of sizes that may come from a file: an Error in place of a wrapped result.
inline Index checked_mul(Index a, Index b, const char* where = "size") {
  Index product;
  if (__builtin_mul_overflow(a, b, &product))
    throw Error(where, std::to_string(a) + " x " + std::to_string(b) + " does not fit 64 bits");
  return product;
}
inline Index checked_add(Index a, Index b, const char* where = "size") {
  Index sum;
  if (__builtin_add_overflow(a, b, &sum))
    throw Error(where, std::to_string(a) + " + " + std::to_string(b) + " does not fit 64 bits");
  return sum;
}
/// Number of elements of a shape whose dimensions may come from a file: refuses negative ones and overflow.
Index element_count(const Shape&, const char* where = "shape");
/// element_count for shapes that were checked when they were made; cannot throw.
inline Index element_count_unchecked(const Shape& shape) noexcept {
  Index count = 1;
  for (Index d : shape) count *= d;
  return count;
}
}  // namespace tulle
