#pragma once
#include <cmath>
#include <limits>

#include "ops/expect.hpp"

namespace tulle::ops {
using Quantized = TypeList<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t>;

/// To the nearest integer, halves to even, and into the range of T.
template <class T>
T saturated(double x) {
  const double low = static_cast<double>(std::numeric_limits<T>::lowest()),
               high = static_cast<double>(std::numeric_limits<T>::max());
  if (std::isnan(x)) return 0;
  return static_cast<T>(std::clamp(std::nearbyint(x), low, high));
}

/// Which scale an element of x has: one for all, one for each position along an axis, or one for each block
/// of positions along it.
struct ScaleLayout {
  enum class Kind { one, along_axis, blocked } kind = Kind::one;
  Index length = 1, inner = 1, block = 1;  ///< of the axis; elements behind it; positions that share a scale
  std::size_t of(Index i) const {
    if (kind == Kind::one) return 0;
    const Index position = i / inner % length;
    if (kind == Kind::along_axis) return at(position);
    const Index blocks = (length + block - 1) / block;
    return at((i / inner / length * blocks + position / block) * inner + i % inner);
  }
};
/// From inputs 0 (x) and 1 (scale) and the attributes axis and block_size; checks input 2's shape too.
ScaleLayout scale_layout(const Call&);
/// Integers of any of the integer types as they are.
std::vector<std::int32_t> widened_integers(const Argument&);
}  // namespace tulle::ops
