#include "kernels/simd/avx2.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/checked.hpp"
#include "kernels/spmv/sell_packed.hpp"

namespace tulle::spmv {
namespace {
/// x[index[i]] for 16 indices.
TULLE_INLINE __m256i eight(const std::int32_t* index) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(index));
}
TULLE_INLINE __m256i eight(const std::uint16_t* index) {
  return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(index)));
}
template <class Column>
TULLE_INLINE V gather(const float* x, const Column* index) {
  return {_mm256_i32gather_ps(x, eight(index), 4), _mm256_i32gather_ps(x, eight(index + 8), 4)};
}
#include "kernels/spmv/dense_body.inc"
#include "kernels/spmv/sell_body.inc"
}  // namespace
extern constinit const Kernel sell_avx2{"spmv/avx2/sell16", kIsa,         true,
                                        sell::refuse,       sell_cost_us, sell::prepare};
extern constinit const Kernel dense_avx2{"spmv/avx2/dense", kIsa,           false,
                                         dense::refuse,     dense::cost_us, dense::prepare};
}  // namespace tulle::spmv
