#pragma once
#include "ops/op.hpp"

namespace tulle::ops {
/// Where the positions along one axis of a resized tensor look: (1 - weight) * in[low] + weight * in[high].
struct Interpolation {
  std::vector<std::int32_t> low, high;
  std::vector<float> weight;
};
/// For a Resize or Upsample that is nearest or linear and changes only the last two of four axes: how it samples rows
/// and columns. Empty for every other, and while its sizes are not known.
struct Sampling {
  bool linear = false;
  Interpolation rows, columns;
};
std::optional<Sampling> sampling_of(const Call&);
}  // namespace tulle::ops
