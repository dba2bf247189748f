#include <algorithm>
#include <array>
#include <utility>

#include "kernels/linear/dense_tiles.hpp"
#include "kernels/simd/avx2.hpp"

namespace tulle::linear {
namespace {
constexpr int kMaxRows = 6, kMaxTiles = 1;  // 12 registers of sums, two of B and a value: 15 of 16
double cycles_per_tile() {
  return 1;
}
constexpr int kMostNarrow = 3;  // 6 FMAs in place of 12
#include "kernels/linear/dense_body.inc"
}  // namespace
extern constinit const Kernel dense_avx2{"linear/avx2/dense", kIsa, false, refuse, cost_us, prepare};
}  // namespace tulle::linear
