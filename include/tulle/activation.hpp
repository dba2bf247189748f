#pragma once
#include <cstdint>

namespace tulle {
/// What is applied to every element after a product. alpha, beta: leaky_relu slope; clip bounds [alpha,
/// beta]; hard_sigmoid max(0, min(1, alpha x + beta)); elu alpha (e^x - 1) below 0; the others have none.
enum class ActivationKind : std::uint8_t {
  none,
  relu,
  clip,
  leaky_relu,
  gelu,
  gelu_tanh,
  sigmoid,
  silu,
  hard_sigmoid,
  hard_swish,
  tanh,
  elu
};
struct Activation {
  ActivationKind kind = ActivationKind::none;
  float alpha = 0, beta = 0;
  bool operator==(const Activation&) const = default;
};
}  // namespace tulle
