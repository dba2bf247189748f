#pragma once
#include <span>

#include "kernels/linear/kernel.hpp"

namespace tulle::linear {
/// How many tiles of B, at least 4, fit the half of a 1 MB L2 cache that B gets while rows of A pass over
/// them.
Index tiles_in_l2(std::span<const std::int32_t> b_offsets);
/// Cycles of an FMA of 16 floats in one register: 1 where a core has one such pipe (AMD up to Zen 4), else
/// 1/2.
double zmm_fma_cycles();
}  // namespace tulle::linear
