#pragma once
#include <limits>

#include "kernels/activation.hpp"

namespace tulle {
/// none, relu and clip as bounds of the element; for the other activations bounds that do nothing.
struct Clamp {
  float lowest = -std::numeric_limits<float>::infinity(), highest = std::numeric_limits<float>::infinity();
};
constexpr Clamp clamp_of(const Activation& a) {
  if (a.kind == ActivationKind::relu) return {.lowest = 0};
  if (a.kind == ActivationKind::clip) return {a.alpha, a.beta};
  return {};
}
/// Activations that are no matter of a compare and a multiplication.
constexpr bool is_curved(const Activation& a) {
  return a.kind > ActivationKind::leaky_relu;
}
}  // namespace tulle
