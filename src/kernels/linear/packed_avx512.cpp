#include <algorithm>
#include <utility>

#include "kernels/linear/chunk.hpp"
#include "kernels/linear/packed_groups.hpp"
#include "kernels/simd/avx512.hpp"

namespace tulle::linear {
namespace {
constexpr int kMaxTiles = 4;  // 16 sums, up to 12 more in turns, 4 vectors of B
double cost_scale() {
  return 0.5 + zmm_fma_cycles() / 2;
}
#include "kernels/linear/packed_body.inc"
}  // namespace
extern constinit const Kernel packed_avx512{"linear/avx512/packed", kIsa,    true,
                                            refuse_packed,          cost_us, prepare};
}  // namespace tulle::linear
