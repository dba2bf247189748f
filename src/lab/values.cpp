#include "lab/values.hpp"
#include <bit>
#include <cmath>
#include <random>

namespace tulle::lab {
namespace {
// A type of `bits` bits of significand, the hidden one among them, to nearest even; exponents are kept.
float rounded(float x, int bits) {
  const int dropped = 24 - bits;
  std::uint32_t u = std::bit_cast<std::uint32_t>(x);
  u += (1u << (dropped - 1)) - 1 + ((u >> dropped) & 1);
  return std::bit_cast<float>(u >> dropped << dropped);
}
}  // namespace

void narrow(std::span<float> values, DType dtype) {
  constexpr float kSpread = 40;  // a normal value times this is an int8 in 99.8 % of cases
  for (float& x : values) {
    if (dtype == DType::bf16) x = rounded(x, 8);
    if (dtype == DType::f16) x = rounded(x, 11);
    if (dtype == DType::i8) x = std::fmax(-127.0f, std::fmin(127.0f, std::round(kSpread * x)));
  }
}

Tensor normal(Shape shape, DType dtype, unsigned seed) {
  std::mt19937 bits(seed);
  std::normal_distribution<float> draw;
  Tensor t(TensorType{DType::f32, std::move(shape)});
  for (float& x : t.as_mutable<float>()) x = draw(bits);
  narrow(t.as_mutable<float>(), dtype);
  return t;
}
}  // namespace tulle::lab
