#pragma once
// Sixteen floats in one register: the vocabulary of the families' body.inc, which are compiled once for each
// instruction set. Only functions that are always inlined may take or return a V or a Mask by value: g++ 12
// clears the upper lanes (vzeroupper) before calls whose arguments are structures of registers. Everything
// has internal linkage: the same names mean other code in another file.
#include "core/cpu.hpp"
#include "core/target.hpp"
#include "formats/layout.hpp"
#include "kernels/simd/intrinsics.hpp"

#define TULLE_ISA_ATTR TULLE_AVX512
#define TULLE_INLINE inline __attribute__((always_inline)) TULLE_ISA_ATTR

namespace tulle {
namespace {
constexpr Features kIsa = Features::avx2 | Features::avx512;
constexpr int kAccumulators = 16;  // vectors that a micro-kernel may keep beside its operands

struct V {
  __m512 v;
};
using Mask = __mmask16;

TULLE_INLINE V broadcast(float x) {
  return {_mm512_set1_ps(x)};
}
TULLE_INLINE V zero() {
  return {_mm512_setzero_ps()};
}
TULLE_INLINE V load(const float* p) {
  return {_mm512_loadu_ps(p)};
}
TULLE_INLINE void store(float* p, V x) {
  _mm512_storeu_ps(p, x.v);
}

/// Bits 0 .. count - 1; the bits of a number.
TULLE_INLINE Mask first_lanes(Index count) {
  return static_cast<Mask>((1u << count) - 1);
}
TULLE_INLINE Mask mask_of(std::uint32_t bits) {
  return static_cast<Mask>(bits);
}
/// Lanes outside the mask touch no memory; loaded they are zero, or the lanes of `other`.
TULLE_INLINE V load(const float* p, Mask m) {
  return {_mm512_maskz_loadu_ps(m, p)};
}
TULLE_INLINE V load(const float* p, Mask m, V other) {
  return {_mm512_mask_loadu_ps(other.v, m, p)};
}
TULLE_INLINE void store(float* p, V x, Mask m) {
  _mm512_mask_storeu_ps(p, m, x.v);
}
TULLE_INLINE V select(Mask m, V yes, V no) {
  return {_mm512_mask_blend_ps(m, no.v, yes.v)};
}
TULLE_INLINE Mask less(V a, V b) {
  return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ);
}

/// Not a < b: true too where one of the two is not a number.
TULLE_INLINE Mask not_less(V a, V b) {
  return _mm512_cmp_ps_mask(a.v, b.v, _CMP_NLT_UQ);
}

TULLE_INLINE V operator+(V a, V b) {
  return {_mm512_add_ps(a.v, b.v)};
}
TULLE_INLINE V operator-(V a, V b) {
  return {_mm512_sub_ps(a.v, b.v)};
}
TULLE_INLINE V operator*(V a, V b) {
  return {_mm512_mul_ps(a.v, b.v)};
}
TULLE_INLINE V operator/(V a, V b) {
  return {_mm512_div_ps(a.v, b.v)};
}
/// Both give b where one of the two is not a number.
TULLE_INLINE V min(V a, V b) {
  return {_mm512_min_ps(a.v, b.v)};
}
TULLE_INLINE V max(V a, V b) {
  return {_mm512_max_ps(a.v, b.v)};
}
/// The larger; NaN where one of the two is.
TULLE_INLINE V max_or_nan(V a, V b) {
  const __mmask16 nan = _mm512_cmp_ps_mask(a.v, b.v, _CMP_UNORD_Q);
  return {_mm512_mask_add_ps(_mm512_max_ps(a.v, b.v), nan, a.v, b.v)};
}
/// a * b + c and c - a * b.
TULLE_INLINE V fma(V a, V b, V c) {
  return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
TULLE_INLINE V fnma(V a, V b, V c) {
  return {_mm512_fnmadd_ps(a.v, b.v, c.v)};
}
TULLE_INLINE V sqrt(V a) {
  return {_mm512_sqrt_ps(a.v)};
}
TULLE_INLINE V abs(V a) {
  return {_mm512_abs_ps(a.v)};
}
TULLE_INLINE V round(V a) {
  return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
/// x = whole + rest, 0 <= rest <= 1; `whole` may keep the rest: scale2 takes what is below. With vreduceps whole models
/// gave other bits than on AVX2.
struct Split {
  V whole, rest;
};
TULLE_INLINE Split split(V x) {
  return {x, {_mm512_sub_ps(x.v, _mm512_roundscale_ps(x.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC))}};
}
/// a 2^n, n rounded down.
TULLE_INLINE V scale2(V a, V n) {
  return {_mm512_scalef_ps(a.v, n.v)};
}
/// The same in the lanes of the mask, 0 in the others.
TULLE_INLINE V scale2(V a, V n, Mask m) {
  return {_mm512_maskz_scalef_ps(m, a.v, n.v)};
}
TULLE_INLINE float sum(V a) {
  return _mm512_reduce_add_ps(a.v);
}
TULLE_INLINE float largest(V a) {
  return _mm512_reduce_max_ps(a.v);
}

/// c += a * *b, with the broadcast inside the instruction: the compiler does not always fold it.
TULLE_INLINE void fma_broadcast(V& c, V a, const float* b) {
  asm("vfmadd231ps %2%{1to16%}, %1, %0" : "+v"(c.v) : "v"(a.v), "m"(*b));
}
/// table[index] for whole numbers 0 <= index < 16.
TULLE_INLINE V lookup(const float* table, V index) {
  return {_mm512_permutexvar_ps(_mm512_cvtps_epi32(index.v), _mm512_loadu_ps(table))};
}
/// Lane i is base[offset[i]].
TULLE_INLINE V gather(const float* base, const std::int32_t* offset) {
  return {_mm512_i32gather_ps(_mm512_loadu_si512(offset), base, 4)};
}
/// Elements 0, 2, .., 30 and 1, 3, .., 31 of a followed by b.
TULLE_INLINE V even(V a, V b) {
  const __m512i at = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  return {_mm512_permutex2var_ps(a.v, at, b.v)};
}
TULLE_INLINE V odd(V a, V b) {
  const __m512i at = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
  return {_mm512_permutex2var_ps(a.v, at, b.v)};
}

/// The lanes of the mask, side by side from p on; returns how many. No other float is written.
TULLE_INLINE int compress(float* p, V x, std::uint32_t mask) {
  const int count = __builtin_popcount(mask);
  store(p, {_mm512_maskz_compress_ps(static_cast<Mask>(mask), x.v)}, first_lanes(count));
  return count;
}
/// Lane i is the sum of r[i]: a transposition that adds instead of keeping, 30 shuffles.
TULLE_INLINE V sums(const V* r) {
  __m512 pairs[8], quads[4];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i)
    pairs[i] = _mm512_add_ps(_mm512_unpacklo_ps(r[2 * i].v, r[2 * i + 1].v),
                             _mm512_unpackhi_ps(r[2 * i].v, r[2 * i + 1].v));
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i)
    quads[i] = _mm512_add_ps(_mm512_shuffle_ps(pairs[2 * i], pairs[2 * i + 1], 0x44),
                             _mm512_shuffle_ps(pairs[2 * i], pairs[2 * i + 1], 0xee));
  const __m512 low = _mm512_add_ps(_mm512_shuffle_f32x4(quads[0], quads[1], 0x88),
                                   _mm512_shuffle_f32x4(quads[0], quads[1], 0xdd));
  const __m512 high = _mm512_add_ps(_mm512_shuffle_f32x4(quads[2], quads[3], 0x88),
                                    _mm512_shuffle_f32x4(quads[2], quads[3], 0xdd));
  return {_mm512_add_ps(_mm512_shuffle_f32x4(low, high, 0x88), _mm512_shuffle_f32x4(low, high, 0xdd))};
}

/// r[i][j] becomes r[j][i]: pairs, quadruples within 128 bits, then 128-bit pieces twice.
TULLE_INLINE void transpose_inline(V* r) {
  __m512 t[16];
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    const __m512 a = _mm512_unpacklo_ps(r[i].v, r[i + 1].v), b = _mm512_unpackhi_ps(r[i].v, r[i + 1].v);
    const __m512 c = _mm512_unpacklo_ps(r[i + 2].v, r[i + 3].v),
                 d = _mm512_unpackhi_ps(r[i + 2].v, r[i + 3].v);
    t[i] = _mm512_shuffle_ps(a, c, 0x44), t[i + 1] = _mm512_shuffle_ps(a, c, 0xee);
    t[i + 2] = _mm512_shuffle_ps(b, d, 0x44), t[i + 3] = _mm512_shuffle_ps(b, d, 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m512 a = _mm512_shuffle_f32x4(t[i], t[i + 4], 0x88),
                 b = _mm512_shuffle_f32x4(t[i], t[i + 4], 0xdd);
    const __m512 c = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0x88);
    const __m512 d = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0xdd);
    r[i].v = _mm512_shuffle_f32x4(a, c, 0x88), r[i + 8].v = _mm512_shuffle_f32x4(a, c, 0xdd);
    r[i + 4].v = _mm512_shuffle_f32x4(b, d, 0x88), r[i + 12].v = _mm512_shuffle_f32x4(b, d, 0xdd);
  }
}
[[maybe_unused]] __attribute__((noinline)) TULLE_ISA_ATTR void transpose(V* r) {
  transpose_inline(r);
}
}  // namespace
}  // namespace tulle
