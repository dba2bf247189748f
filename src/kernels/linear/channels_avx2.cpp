#include <algorithm>
#include <array>
#include <utility>

#include "kernels/linear/dense_tiles.hpp"
#include "kernels/linear/lane_passes.hpp"
#include "kernels/simd/avx2.hpp"

namespace tulle::linear {
namespace {
constexpr int kMostLanes = 6,
              kMaxVectors = 1;  // 12 registers of sums, two of values and a broadcast: 15 of 16
double cycles_per_tile() {
  return 1;
}
#include "kernels/linear/channels_body.inc"
}  // namespace
extern constinit const Kernel channels_avx2{
    "linear/avx2/dense_channels", kIsa, false, refuse, cost_us, prepare};
}  // namespace tulle::linear
