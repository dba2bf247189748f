#include <algorithm>
#include <array>
#include <utility>

#include "kernels/linear/chunk.hpp"
#include "kernels/linear/dense_tiles.hpp"
#include "kernels/simd/avx512.hpp"

namespace tulle::linear {
namespace {
constexpr int kMaxRows = 14, kMaxTiles = 2;  // 28 sums, two vectors of B and a value: 31 of 32 registers
double cycles_per_tile() {
  return zmm_fma_cycles();
}
constexpr int kMostNarrow = 8;  // 8 FMAs and 10 loads in place of 14 and 15
#include "kernels/linear/dense_body.inc"
}  // namespace
extern constinit const Kernel dense_avx512{"linear/avx512/dense", kIsa, false, refuse, cost_us, prepare};
}  // namespace tulle::linear
