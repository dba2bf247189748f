#include "kernels/simd/avx512.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/checked.hpp"
#include "kernels/spmv/sell_packed.hpp"

namespace tulle::spmv {
namespace {
/// x[index[i]] for 16 indices.
TULLE_INLINE V gather(const float* x, const std::int32_t* index) {
  return {_mm512_mask_i32gather_ps(_mm512_setzero_ps(), 0xffff, _mm512_loadu_si512(index), x, 4)};
}
TULLE_INLINE V gather(const float* x, const std::uint16_t* index) {
  const __m256i narrow = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(index));
  return {_mm512_mask_i32gather_ps(_mm512_setzero_ps(), 0xffff, _mm512_maskz_cvtepu16_epi32(0xffff, narrow),
                                   x, 4)};
}
#include "kernels/spmv/dense_body.inc"
#include "kernels/spmv/sell_body.inc"
}  // namespace
extern constinit const Kernel sell_avx512{"spmv/avx512/sell16", kIsa,         true,
                                          sell::refuse,         sell_cost_us, sell::prepare};
extern constinit const Kernel dense_avx512{"spmv/avx512/dense", kIsa,           false,
                                           dense::refuse,       dense::cost_us, dense::prepare};
}  // namespace tulle::spmv
