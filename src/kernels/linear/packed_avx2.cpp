#include <algorithm>
#include <utility>

#include "kernels/linear/chunk.hpp"
#include "kernels/linear/packed_groups.hpp"
#include "kernels/simd/avx2.hpp"

namespace tulle::linear {
namespace {
constexpr int kMaxTiles = 1;  // 8 registers of sums, up to 6 more in turns, 2 of B
double cost_scale() {
  return 1.35;
}
#include "kernels/linear/packed_body.inc"
}  // namespace
extern constinit const Kernel packed_avx2{"linear/avx2/packed", kIsa, true, refuse_packed, cost_us, prepare};
}  // namespace tulle::linear
