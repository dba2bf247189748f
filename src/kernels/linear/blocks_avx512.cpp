#include <algorithm>
#include <array>
#include <utility>

#include "kernels/linear/blocks.hpp"
#include "kernels/linear/chunk.hpp"
#include "kernels/simd/avx512.hpp"

namespace tulle::linear {
namespace {
constexpr int kMaxTiles = 4;  // 16 sums, 4 vectors of B
double cycles() {
  return 1.05 * zmm_fma_cycles();
}
#include "kernels/linear/blocks_body.inc"
}  // namespace
extern constinit const Kernel blocks_avx512{"linear/avx512/blocks", kIsa,    true,
                                            refuse_blocks,          cost_us, prepare};
}  // namespace tulle::linear
