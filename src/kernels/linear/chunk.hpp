#pragma once
#include <span>

#include "kernels/linear/kernel.hpp"

namespace tulle::linear {
/// How many tiles of B, at least 4, fit the half of a 1 MB L2 cache that B gets while rows of A pass over
/// them.
Index tiles_in_l2(std::span<const std::int32_t> b_offsets);
}  // namespace tulle::linear
