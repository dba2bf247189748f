#pragma once
// Sixteen words of 32 bits in two registers, and narrow values: words_avx512.hpp has the same names.
#include <cstring>

#include "core/bfloat16.hpp"
#include "kernels/simd/avx2.hpp"

namespace tulle::spmv {
namespace {
struct W {
  __m256i lo, hi;
};
TULLE_INLINE W words(const void* p) {
  const auto* at = static_cast<const __m256i*>(p);
  return {_mm256_loadu_si256(at), _mm256_loadu_si256(at + 1)};
}
TULLE_INLINE W every_word(const void* p) {
  std::int32_t word;
  std::memcpy(&word, p, sizeof word);
  return {_mm256_set1_epi32(word), _mm256_set1_epi32(word)};
}
TULLE_INLINE W no_words() {
  return {_mm256_setzero_si256(), _mm256_setzero_si256()};
}
TULLE_INLINE void store(std::int32_t* p, W x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x.lo);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p) + 1, x.hi);
}
TULLE_INLINE W operator+(W a, W b) {
  return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)};
}
TULLE_INLINE W one_byte_up(W a) {
  return {_mm256_slli_epi32(a.lo, 8), _mm256_slli_epi32(a.hi, 8)};
}

/// Sixteen whole numbers, widened without a sign.
TULLE_INLINE __m128i half(const void* p, int i) {
  return _mm_loadu_si128(static_cast<const __m128i*>(p) + i);
}
TULLE_INLINE W widen(const std::int32_t* p) {
  return words(p);
}
TULLE_INLINE W widen(const std::uint16_t* p) {
  return {_mm256_cvtepu16_epi32(half(p, 0)), _mm256_cvtepu16_epi32(half(p, 1))};
}
TULLE_INLINE W widen(const std::uint8_t* p) {
  const __m128i all = half(p, 0);
  return {_mm256_cvtepu8_epi32(all), _mm256_cvtepu8_epi32(_mm_unpackhi_epi64(all, all))};
}
TULLE_INLINE W widen(const std::int8_t* p) {
  return widen(reinterpret_cast<const std::uint8_t*>(p));
}

/// The bf16 in the lower and in the upper half of each word.
TULLE_INLINE V lower(W a) {
  return {_mm256_castsi256_ps(_mm256_slli_epi32(a.lo, 16)), _mm256_castsi256_ps(_mm256_slli_epi32(a.hi, 16))};
}
TULLE_INLINE V upper(W a) {
  const __m256i high = _mm256_set1_epi32(-65536);
  return {_mm256_castsi256_ps(_mm256_and_si256(a.lo, high)),
          _mm256_castsi256_ps(_mm256_and_si256(a.hi, high))};
}
TULLE_INLINE V numbers(const float* p) {
  return load(p);
}
TULLE_INLINE V numbers(const BFloat16* p) {
  return lower(widen(reinterpret_cast<const std::uint16_t*>(p)));
}

TULLE_INLINE V numbers(const std::int8_t* p) {
  const __m128i all = half(p, 0);
  return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(all)),
          _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_unpackhi_epi64(all, all)))};
}

/// sum + the products of the four unsigned bytes of x with the signed ones of a, lane by lane. vpmaddubsw
/// would saturate, so bytes are widened: the odd ones by a shift, the even ones by two.
TULLE_INLINE __m256i dot4(__m256i sum, __m256i x, __m256i a) {
  const __m256i even_x = _mm256_and_si256(x, _mm256_set1_epi16(0xff)), odd_x = _mm256_srli_epi16(x, 8);
  const __m256i even_a = _mm256_srai_epi16(_mm256_slli_epi16(a, 8), 8), odd_a = _mm256_srai_epi16(a, 8);
  sum = _mm256_add_epi32(sum, _mm256_madd_epi16(even_x, even_a));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(odd_x, odd_a));
}
TULLE_INLINE W dot4(W sum, W x, W a) {
  return {dot4(sum.lo, x.lo, a.lo), dot4(sum.hi, x.hi, a.hi)};
}

/// Lane i: x[at[i]], and for pairs x[at[i]] and x[at[i] + 1] in one word.
TULLE_INLINE V gather(const float* x, W at) {
  return {_mm256_i32gather_ps(x, at.lo, 4), _mm256_i32gather_ps(x, at.hi, 4)};
}
TULLE_INLINE W gather(const std::uint16_t* x, W at) {
  const int* base = reinterpret_cast<const int*>(x);
  return {_mm256_i32gather_epi32(base, at.lo, 2), _mm256_i32gather_epi32(base, at.hi, 2)};
}

/// Lanes that are 255 there are 0 here.
TULLE_INLINE __m256i unless_255(__m256i x, __m256i word) {
  return _mm256_andnot_si256(_mm256_cmpeq_epi32(word, _mm256_set1_epi32(255)), x);
}
TULLE_INLINE V unless_255(V x, W word) {
  return {_mm256_castsi256_ps(unless_255(_mm256_castps_si256(x.lo), word.lo)),
          _mm256_castsi256_ps(unless_255(_mm256_castps_si256(x.hi), word.hi))};
}
}  // namespace
}  // namespace tulle::spmv
