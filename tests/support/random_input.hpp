#pragma once
#include <random>
#include "core/tensor.hpp"

namespace tulle::support {
/// Uniform f32 in [0, 1), the range of images.
inline Tensor random_image(Shape shape, unsigned seed = 1) {
  Tensor t(TensorType{DType::f32, std::move(shape)});
  std::mt19937 bits(seed);
  std::uniform_real_distribution<float> uniform(0, 1);
  for (float& x : t.as_mutable<float>()) x = uniform(bits);
  return t;
}
}  // namespace tulle::support
