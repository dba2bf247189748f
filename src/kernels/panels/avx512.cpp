#include "kernels/simd/avx512.hpp"

namespace tulle::panels {
namespace {
/// Four floats of each of four rows that lie `apart` floats from each other, one row in each quarter.
TULLE_INLINE __m512 quarters(const float* src, Index apart) {
  const __m512 first = _mm512_castps128_ps512(_mm_loadu_ps(src));
  const __m512 two = _mm512_insertf32x4(first, _mm_loadu_ps(src + apart), 1);
  const __m512 three = _mm512_insertf32x4(two, _mm_loadu_ps(src + 2 * apart), 2);
  return _mm512_insertf32x4(three, _mm_loadu_ps(src + 3 * apart), 3);
}

/// dst[j][i] = src[i][j], 16 x 16. Quarters come from memory by insertion, which leaves half of the 64
/// shuffles that whole rows would need for the one port that shuffles.
TULLE_ISA_ATTR void turn(const float* src, Index src_ld, float* dst, Index dst_ld) {
#pragma GCC unroll 4
  for (Index j = 0; j < kLanes; j += 4) {
    const __m512 a = quarters(src + j, 4 * src_ld), b = quarters(src + src_ld + j, 4 * src_ld);
    const __m512 c = quarters(src + 2 * src_ld + j, 4 * src_ld),
                 d = quarters(src + 3 * src_ld + j, 4 * src_ld);
    const __m512 ab = _mm512_unpacklo_ps(a, b), ab2 = _mm512_unpackhi_ps(a, b);
    const __m512 cd = _mm512_unpacklo_ps(c, d), cd2 = _mm512_unpackhi_ps(c, d);
    _mm512_storeu_ps(dst + j * dst_ld, _mm512_shuffle_ps(ab, cd, 0x44));
    _mm512_storeu_ps(dst + (j + 1) * dst_ld, _mm512_shuffle_ps(ab, cd, 0xee));
    _mm512_storeu_ps(dst + (j + 2) * dst_ld, _mm512_shuffle_ps(ab2, cd2, 0x44));
    _mm512_storeu_ps(dst + (j + 3) * dst_ld, _mm512_shuffle_ps(ab2, cd2, 0xee));
  }
}
}  // namespace
}  // namespace tulle::panels
#include "kernels/panels/body.inc"

namespace tulle::panels {
extern constinit const Kernel avx512{"panels/avx512", kIsa, from_rows, from_tokens, to_rows, to_tokens};
}  // namespace tulle::panels
