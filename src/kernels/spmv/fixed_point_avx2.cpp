// x in fixed point, sixteen elements at a time.
#include "kernels/simd/avx2.hpp"
#include "kernels/spmv/fixed_point.hpp"

namespace tulle::spmv {
namespace {
TULLE_INLINE __m256i magnitudes(const float* x) {
  return _mm256_and_si256(_mm256_castps_si256(_mm256_loadu_ps(x)), _mm256_set1_epi32(0x7fffffff));
}

TULLE_ISA_ATTR std::int32_t largest_bits(const float* x, Index cols) {
  __m256i most = _mm256_setzero_si256();
  Index j = 0;
  for (; j + 8 <= cols; j += 8) most = _mm256_max_epi32(most, magnitudes(x + j));
  float tail[8] = {};
  for (int i = 0; j < cols; ++i, ++j) tail[i] = x[j];
  most = _mm256_max_epi32(most, magnitudes(tail));
  std::int32_t lane[8], largest = 0;
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lane), most);
  for (const std::int32_t bits : lane) largest = std::max(largest, bits);
  return largest;
}

/// Eight elements as q + 32768 in 32 bits.
TULLE_INLINE __m256i biased(const float* x, __m256 inverse) {
  const __m256i q = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x), inverse));
  return _mm256_add_epi32(q, _mm256_set1_epi32(32768));
}

TULLE_ISA_ATTR void pack(const float* x, Index cols, float* packed) noexcept {
  const FixedPointParts parts(packed, cols);
  const float inverse = parts.begin(largest_bits(x, cols));
  const __m256 factor = _mm256_set1_ps(inverse);
  const __m256i bytes = _mm256_set1_epi16(0xff);
  Index j = 0;
  for (; inverse > 0 && j + 16 <= cols; j += 16) {
    __m256i both = _mm256_packus_epi32(biased(x + j, factor), biased(x + j + 8, factor));
    both = _mm256_permute4x64_epi64(both, 0xd8);
    const __m256i split = _mm256_packus_epi16(_mm256_and_si256(both, bytes), _mm256_srli_epi16(both, 8));
    const __m256i planes = _mm256_permute4x64_epi64(split, 0xd8);  // 16 low bytes, 16 high ones
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(parts.both + j), both);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(parts.low + j), _mm256_castsi256_si128(planes));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(parts.high + j), _mm256_extracti128_si256(planes, 1));
  }
  for (; j < cols; ++j) parts.put(j, x[j], inverse);
}
}  // namespace
extern const PackFixedPoint pack_fixed_point_avx2;
constinit const PackFixedPoint pack_fixed_point_avx2 = pack;
}  // namespace tulle::spmv
