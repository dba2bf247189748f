#pragma once
// Sixteen words of 32 bits in a register, and narrow values: the vocabulary of this family's .inc files.
#include <cstring>

#include "core/bfloat16.hpp"
#include "kernels/simd/avx512.hpp"

namespace tulle::spmv {
namespace {
struct W {
  __m512i v;
};
TULLE_INLINE W words(const void* p) {
  return {_mm512_loadu_si512(p)};
}
TULLE_INLINE W every_word(const void* p) {
  std::int32_t word;
  std::memcpy(&word, p, sizeof word);
  return {_mm512_set1_epi32(word)};
}
TULLE_INLINE W no_words() {
  return {_mm512_setzero_si512()};
}
TULLE_INLINE void store(std::int32_t* p, W x) {
  _mm512_storeu_si512(p, x.v);
}
TULLE_INLINE W operator+(W a, W b) {
  return {_mm512_add_epi32(a.v, b.v)};
}
TULLE_INLINE W one_byte_up(W a) {
  return {_mm512_slli_epi32(a.v, 8)};
}

/// Sixteen whole numbers, widened without a sign.
TULLE_INLINE W widen(const std::int32_t* p) {
  return words(p);
}
TULLE_INLINE W widen(const std::uint16_t* p) {
  return {_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}
TULLE_INLINE W widen(const std::uint8_t* p) {
  return {_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
TULLE_INLINE W widen(const std::int8_t* p) {
  return widen(reinterpret_cast<const std::uint8_t*>(p));
}

/// The bf16 in the lower and in the upper half of each word.
TULLE_INLINE V lower(W a) {
  return {_mm512_castsi512_ps(_mm512_slli_epi32(a.v, 16))};
}
TULLE_INLINE V upper(W a) {
  return {_mm512_castsi512_ps(_mm512_and_si512(a.v, _mm512_set1_epi32(-65536)))};
}
TULLE_INLINE V numbers(const float* p) {
  return load(p);
}
TULLE_INLINE V numbers(const BFloat16* p) {
  return lower(widen(reinterpret_cast<const std::uint16_t*>(p)));
}

TULLE_INLINE V numbers(const std::int8_t* p) {
  const __m128i all = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(all))};
}

/// sum + the products of the four unsigned bytes of x with the signed ones of a, lane by lane. For kernels
/// that ask for avx512_vnni; by its name, so that functions of plain AVX-512 take it in.
TULLE_INLINE W dot4(W sum, W x, W a) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum.v) : "v"(x.v), "v"(a.v));
  return sum;
}

/// Lane i: x[at[i]], and for pairs x[at[i]] and x[at[i] + 1] in one word.
TULLE_INLINE V gather(const float* x, W at) {
  return {_mm512_mask_i32gather_ps(_mm512_setzero_ps(), 0xffff, at.v, x, 4)};
}
TULLE_INLINE W gather(const std::uint16_t* x, W at) {
  return {_mm512_mask_i32gather_epi32(_mm512_setzero_si512(), 0xffff, at.v, x, 2)};
}

/// Lanes that are 255 there are 0 here.
TULLE_INLINE V unless_255(V x, W word) {
  return {_mm512_maskz_mov_ps(_mm512_cmpneq_epi32_mask(word.v, _mm512_set1_epi32(255)), x.v)};
}

/// The words, halves or bytes of `mask` get the next values, the others zero. vpexpand waits for its old
/// destination even when it zeroes (9.8 cycles in place of 2 on Zen 4), and compilers reuse one register:
/// hence a register cleared here, and merging. Halves and bytes: for kernels that ask for avx512_vbmi2.
TULLE_INLINE V expand(std::uint16_t mask, const float* values) {
  __m512 lanes;
  asm("vpxord %0, %0, %0\n\tvexpandps %1, %0 %{%2%}"
      : "=&v"(lanes)
      : "v"(_mm512_loadu_ps(values)), "Yk"(static_cast<__mmask16>(mask)));
  return {lanes};
}
TULLE_INLINE W expand(std::uint32_t mask, const BFloat16* values) {
  __m512i lanes;
  asm("vpxord %0, %0, %0\n\tvpexpandw %1, %0 %{%2%}"
      : "=&v"(lanes)
      : "v"(_mm512_loadu_si512(values)), "Yk"(static_cast<__mmask32>(mask)));
  return {lanes};
}
TULLE_INLINE W expand(std::uint64_t mask, const std::int8_t* values) {
  __m512i lanes;
  asm("vpxord %0, %0, %0\n\tvpexpandb %1, %0 %{%2%}"
      : "=&v"(lanes)
      : "v"(_mm512_loadu_si512(values)), "Yk"(static_cast<__mmask64>(mask)));
  return {lanes};
}
}  // namespace
}  // namespace tulle::spmv
