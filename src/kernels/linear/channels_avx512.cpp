#include <algorithm>
#include <array>
#include <utility>

#include "kernels/linear/chunk.hpp"
#include "kernels/linear/dense_tiles.hpp"
#include "kernels/linear/lane_passes.hpp"
#include "kernels/simd/avx512.hpp"

namespace tulle::linear {
namespace {
constexpr int kMostLanes = 14,
              kMaxVectors = 2;  // 28 sums, two vectors of values and a broadcast: 31 of 32 registers
double cycles_per_tile() {
  return zmm_fma_cycles();
}
#include "kernels/linear/channels_body.inc"
}  // namespace
extern constinit const Kernel channels_avx512{
    "linear/avx512/dense_channels", kIsa, false, refuse, cost_us, prepare};
}  // namespace tulle::linear
