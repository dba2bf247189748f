#pragma once
#include <span>
#include "core/tensor.hpp"

namespace tulle::lab {
/// The values that a narrower type can hold, as f32: bf16 and f16 rounded; i8 whole numbers in [-127, 127].
void narrow(std::span<float> values, DType);

/// Normal numbers of the type, seeded: the same on every machine.
Tensor normal(Shape, DType, unsigned seed);
}  // namespace tulle::lab
