#pragma once
#include <algorithm>
#include <cmath>

#include "kernels/pointwise/kernel.hpp"

namespace tulle::pointwise {
/// The meaning of an activation, in f64.
inline double activate(const Activation& a, double x) {
  using enum ActivationKind;
  switch (a.kind) {
    case none:
      return x;
    case relu:
      return std::max(x, 0.0);
    case clip:
      return std::min(std::max(x, double(a.alpha)), double(a.beta));
    case leaky_relu:
      return x < 0 ? a.alpha * x : x;
    case gelu:
      return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
    case gelu_tanh:
      return x * 0.5 * (1 + std::tanh(0.79788456080286536 * (x + 0.044715 * x * x * x)));
    case sigmoid:
      return 1 / (1 + std::exp(-x));
    case silu:
      return x / (1 + std::exp(-x));
    case hard_sigmoid:
      return std::min(std::max(a.alpha * x + double(a.beta), 0.0), 1.0);
    case hard_swish:
      return x * std::min(std::max(x / 6 + 0.5, 0.0), 1.0);
    case tanh:
      return std::tanh(x);
    case elu:
      return x < 0 ? a.alpha * std::expm1(x) : x;
  }
  return x;
}

inline double combine(BinaryKind kind, double a, double b) {
  switch (kind) {
    case BinaryKind::add:
      return a + b;
    case BinaryKind::sub:
      return a - b;
    case BinaryKind::mul:
      return a * b;
    case BinaryKind::div:
      return a / b;
    case BinaryKind::min:
      return std::min(a, b);
    case BinaryKind::max:
      return std::max(a, b);
  }
  return a;
}
}  // namespace tulle::pointwise
