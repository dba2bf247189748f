// Rows of B next to each other into the halves or quarters of 16 words.
#include "core/target.hpp"
#include "kernels/narrow/panels.hpp"
#include "kernels/simd/intrinsics.hpp"

namespace tulle::narrow {
namespace {
#define TULLE_PACK inline __attribute__((always_inline)) TULLE_AVX512

template <class T>
TULLE_PACK const T* row(const Source& b, Index k, Index column) {
  return static_cast<const T*>(b.data) + k * b.ld + column;
}

/// bf16 of 16 floats in the low halves of the lanes, to nearest even; not a number stays so.
TULLE_PACK __m512i rounded(const float* p) {
  const __m512 x = _mm512_loadu_ps(p);
  const __m512i bits = _mm512_castps_si512(x), high = _mm512_srli_epi32(bits, 16);
  const __m512i even = _mm512_and_si512(high, _mm512_set1_epi32(1));
  const __m512i half = _mm512_add_epi32(_mm512_add_epi32(bits, even), _mm512_set1_epi32(0x7fff));
  const __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  return _mm512_mask_or_epi32(_mm512_srli_epi32(half, 16), nan, high, _mm512_set1_epi32(0x40));
}

TULLE_AVX512 void pack_f32(const Source& b, Index column, Index first, Index last, float* panel) {
  for (Index w = first; w < last; ++w) {
    const __m512i low = rounded(row<float>(b, 2 * w, column)),
                  high = rounded(row<float>(b, 2 * w + 1, column));
    _mm512_storeu_si512(panel + w * kLanes, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
  }
}

TULLE_PACK __m512i halves(const std::uint16_t* p) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
TULLE_AVX512 void pack_bf16(const Source& b, Index column, Index first, Index last, float* panel) {
  for (Index w = first; w < last; ++w) {
    const __m512i low = halves(row<std::uint16_t>(b, 2 * w, column)),
                  high = halves(row<std::uint16_t>(b, 2 * w + 1, column));
    _mm512_storeu_si512(panel + w * kLanes, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
  }
}

/// Four rows of 16 bytes: interleaved by bytes, then by pairs of bytes.
template <bool kSigned>
TULLE_AVX512 void pack_bytes(const Source& b, Index column, Index first, Index last, float* panel) {
  const __m128i flip = _mm_set1_epi8(kSigned ? static_cast<char>(0x80) : 0);
  for (Index w = first; w < last; ++w) {
    __m128i x[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const auto* from = reinterpret_cast<const __m128i*>(row<std::uint8_t>(b, 4 * w + i, column));
      x[i] = _mm_xor_si128(_mm_loadu_si128(from), flip);
    }
    const __m128i low[2] = {_mm_unpacklo_epi8(x[0], x[1]), _mm_unpacklo_epi8(x[2], x[3])},
                  high[2] = {_mm_unpackhi_epi8(x[0], x[1]), _mm_unpackhi_epi8(x[2], x[3])};
    auto* out = reinterpret_cast<__m128i*>(panel + w * kLanes);
    _mm_storeu_si128(out, _mm_unpacklo_epi16(low[0], low[1]));
    _mm_storeu_si128(out + 1, _mm_unpackhi_epi16(low[0], low[1]));
    _mm_storeu_si128(out + 2, _mm_unpacklo_epi16(high[0], high[1]));
    _mm_storeu_si128(out + 3, _mm_unpackhi_epi16(high[0], high[1]));
  }
}
#undef TULLE_PACK
}  // namespace

PackWords pack_words_avx512(DType source) {
  switch (source) {
    case DType::f32:
      return pack_f32;
    case DType::bf16:
      return pack_bf16;
    case DType::i8:
      return pack_bytes<true>;
    default:
      return pack_bytes<false>;
  }
}
}  // namespace tulle::narrow
