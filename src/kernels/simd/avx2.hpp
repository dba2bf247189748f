#pragma once
// Sixteen floats in two registers; see simd/avx512.hpp, whose names these are.
#include "core/cpu.hpp"
#include "core/target.hpp"
#include "formats/layout.hpp"
#include "kernels/simd/intrinsics.hpp"

#define TULLE_ISA_ATTR TULLE_AVX2
#define TULLE_INLINE inline __attribute__((always_inline)) TULLE_ISA_ATTR

namespace tulle {
namespace {
constexpr Features kIsa = Features::avx2;
constexpr int kAccumulators = 4;

struct V {
  __m256 lo, hi;
};
struct Mask {
  __m256i lo, hi;
};

TULLE_INLINE V broadcast(float x) {
  return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
}
TULLE_INLINE V zero() {
  return {_mm256_setzero_ps(), _mm256_setzero_ps()};
}
TULLE_INLINE V load(const float* p) {
  return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
TULLE_INLINE void store(float* p, V x) {
  _mm256_storeu_ps(p, x.lo);
  _mm256_storeu_ps(p + 8, x.hi);
}

TULLE_INLINE __m256i eight_bits(std::uint32_t bits) {
  const __m256i each = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  return _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(static_cast<int>(bits)), each), each);
}
TULLE_INLINE Mask mask_of(std::uint32_t bits) {
  return {eight_bits(bits), eight_bits(bits >> 8)};
}
TULLE_INLINE Mask first_lanes(Index count) {
  return mask_of((1u << count) - 1);
}
TULLE_INLINE V load(const float* p, Mask m) {
  return {_mm256_maskload_ps(p, m.lo), _mm256_maskload_ps(p + 8, m.hi)};
}
TULLE_INLINE V select(Mask m, V yes, V no) {
  return {_mm256_blendv_ps(no.lo, yes.lo, _mm256_castsi256_ps(m.lo)),
          _mm256_blendv_ps(no.hi, yes.hi, _mm256_castsi256_ps(m.hi))};
}
TULLE_INLINE V load(const float* p, Mask m, V other) {
  return select(m, load(p, m), other);
}
TULLE_INLINE void store(float* p, V x, Mask m) {
  _mm256_maskstore_ps(p, m.lo, x.lo);
  _mm256_maskstore_ps(p + 8, m.hi, x.hi);
}
TULLE_INLINE Mask less(V a, V b) {
  return {_mm256_castps_si256(_mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ)),
          _mm256_castps_si256(_mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ))};
}

TULLE_INLINE Mask not_less(V a, V b) {
  return {_mm256_castps_si256(_mm256_cmp_ps(a.lo, b.lo, _CMP_NLT_UQ)),
          _mm256_castps_si256(_mm256_cmp_ps(a.hi, b.hi, _CMP_NLT_UQ))};
}

TULLE_INLINE V operator+(V a, V b) {
  return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}
TULLE_INLINE V operator-(V a, V b) {
  return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}
TULLE_INLINE V operator*(V a, V b) {
  return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}
TULLE_INLINE V operator/(V a, V b) {
  return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
}
TULLE_INLINE V min(V a, V b) {
  return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)};
}
TULLE_INLINE V max(V a, V b) {
  return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)};
}
TULLE_INLINE __m256 max_or_nan(__m256 a, __m256 b) {
  return _mm256_blendv_ps(_mm256_max_ps(a, b), _mm256_add_ps(a, b), _mm256_cmp_ps(a, b, _CMP_UNORD_Q));
}
TULLE_INLINE V max_or_nan(V a, V b) {
  return {max_or_nan(a.lo, b.lo), max_or_nan(a.hi, b.hi)};
}
TULLE_INLINE V fma(V a, V b, V c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
TULLE_INLINE V fnma(V a, V b, V c) {
  return {_mm256_fnmadd_ps(a.lo, b.lo, c.lo), _mm256_fnmadd_ps(a.hi, b.hi, c.hi)};
}
TULLE_INLINE V sqrt(V a) {
  return {_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)};
}
TULLE_INLINE V abs(V a) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_andnot_ps(sign, a.lo), _mm256_andnot_ps(sign, a.hi)};
}
TULLE_INLINE V round(V a) {
  constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  return {_mm256_round_ps(a.lo, kNearest), _mm256_round_ps(a.hi, kNearest)};
}
struct Split {
  V whole, rest;
};
TULLE_INLINE Split split(V x) {
  const V whole = {_mm256_floor_ps(x.lo), _mm256_floor_ps(x.hi)};
  return {whole, x - whole};
}
/// 2^n for whole -126 <= n <= 127.
TULLE_INLINE __m256 power2(__m256i n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
/// In two halves, so that n may be anything that ends in a denormal or in infinity (|n| <= 250).
TULLE_INLINE __m256 scale2(__m256 a, __m256 n) {
  const __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
  return _mm256_mul_ps(_mm256_mul_ps(a, power2(half)), power2(_mm256_sub_epi32(whole, half)));
}
TULLE_INLINE V scale2(V a, V n) {
  return {scale2(a.lo, n.lo), scale2(a.hi, n.hi)};
}
TULLE_INLINE V scale2(V a, V n, Mask m) {
  return select(m, scale2(a, n), zero());
}
TULLE_INLINE float sum(V a) {
  const __m256 x = _mm256_add_ps(a.lo, a.hi);
  __m128 y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  y = _mm_add_ps(y, _mm_movehl_ps(y, y));
  return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
}
TULLE_INLINE float largest(V a) {
  const __m256 x = _mm256_max_ps(a.lo, a.hi);
  __m128 y = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  y = _mm_max_ps(y, _mm_movehl_ps(y, y));
  return _mm_cvtss_f32(_mm_max_ss(y, _mm_movehdup_ps(y)));
}

TULLE_INLINE void fma_broadcast(V& c, V a, const float* b) {
  c = fma(a, broadcast(*b), c);
}
/// Two tables of eight and a choice by bit 3; with gathers sixteen GELUs take 18 ns, so 10 (Xeon, 2026).
TULLE_INLINE __m256 lookup(const float* table, __m256i index) {
  const __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), index);
  const __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), index);
  return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(index, 28)));
}
TULLE_INLINE V lookup(const float* table, V index) {
  return {lookup(table, _mm256_cvtps_epi32(index.lo)), lookup(table, _mm256_cvtps_epi32(index.hi))};
}
TULLE_INLINE V gather(const float* base, const std::int32_t* offset) {
  const __m256i* at = reinterpret_cast<const __m256i*>(offset);
  return {_mm256_i32gather_ps(base, _mm256_loadu_si256(at), 4),
          _mm256_i32gather_ps(base, _mm256_loadu_si256(at + 1), 4)};
}
template <int Pick>
TULLE_INLINE __m256 every_other(V a) {
  const __m256d x = _mm256_castps_pd(_mm256_shuffle_ps(a.lo, a.hi, Pick));
  return _mm256_castpd_ps(_mm256_permute4x64_pd(x, 0xd8));
}
TULLE_INLINE V even(V a, V b) {
  return {every_other<0x88>(a), every_other<0x88>(b)};
}
TULLE_INLINE V odd(V a, V b) {
  return {every_other<0xdd>(a), every_other<0xdd>(b)};
}

TULLE_INLINE int compress(float* p, V x, std::uint32_t mask) {
  alignas(32) float lanes[16];
  store(lanes, x);
  int count = 0;
  for (; mask; mask &= mask - 1) p[count++] = lanes[__builtin_ctz(mask)];
  return count;
}
TULLE_INLINE __m256 sums8(const V* r) {
  __m256 pairs[4], quads[2];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m256 a = _mm256_add_ps(r[2 * i].lo, r[2 * i].hi), b = _mm256_add_ps(r[2 * i + 1].lo, r[2 * i + 1].hi);
    pairs[i] = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i)
    quads[i] = _mm256_add_ps(_mm256_shuffle_ps(pairs[2 * i], pairs[2 * i + 1], 0x44),
                             _mm256_shuffle_ps(pairs[2 * i], pairs[2 * i + 1], 0xee));
  return _mm256_add_ps(_mm256_permute2f128_ps(quads[0], quads[1], 0x20),
                       _mm256_permute2f128_ps(quads[0], quads[1], 0x31));
}
TULLE_INLINE V sums(const V* r) {
  return {sums8(r), sums8(r + 8)};
}

TULLE_INLINE void transpose8(const __m256* in, __m256* out) {
  __m256 t[8];
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
    const __m256 a = _mm256_unpacklo_ps(in[i], in[i + 1]), b = _mm256_unpackhi_ps(in[i], in[i + 1]);
    const __m256 c = _mm256_unpacklo_ps(in[i + 2], in[i + 3]), d = _mm256_unpackhi_ps(in[i + 2], in[i + 3]);
    t[i] = _mm256_shuffle_ps(a, c, 0x44), t[i + 1] = _mm256_shuffle_ps(a, c, 0xee);
    t[i + 2] = _mm256_shuffle_ps(b, d, 0x44), t[i + 3] = _mm256_shuffle_ps(b, d, 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    out[i] = _mm256_permute2f128_ps(t[i], t[i + 4], 0x20);
    out[i + 4] = _mm256_permute2f128_ps(t[i], t[i + 4], 0x31);
  }
}
/// r[i][j] becomes r[j][i], in quarters of 8 x 8.
TULLE_INLINE void transpose_inline(V* r) {
  __m256 in[4][8], out[4][8];
  for (int i = 0; i < 8; ++i)
    in[0][i] = r[i].lo, in[1][i] = r[i + 8].lo, in[2][i] = r[i].hi, in[3][i] = r[i + 8].hi;
  for (int quarter = 0; quarter < 4; ++quarter) transpose8(in[quarter], out[quarter]);
  for (int i = 0; i < 8; ++i) r[i] = {out[0][i], out[1][i]}, r[i + 8] = {out[2][i], out[3][i]};
}
[[maybe_unused]] __attribute__((noinline)) TULLE_ISA_ATTR void transpose(V* r) {
  transpose_inline(r);
}
}  // namespace
}  // namespace tulle
