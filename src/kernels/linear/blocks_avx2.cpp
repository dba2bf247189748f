#include <algorithm>
#include <array>
#include <utility>

#include "kernels/linear/blocks.hpp"
#include "kernels/linear/chunk.hpp"
#include "kernels/simd/avx2.hpp"

namespace tulle::linear {
namespace {
constexpr int kMaxTiles = 1;  // 8 registers of sums, 2 of B
double cycles() {
  return 1.15;
}
#include "kernels/linear/blocks_body.inc"
}  // namespace
extern constinit const Kernel blocks_avx2{"linear/avx2/blocks", kIsa, true, refuse_blocks, cost_us, prepare};
}  // namespace tulle::linear
