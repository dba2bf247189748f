// bf16 one by one: halves of B's words are widened when loaded, products are FMAs of f32.
#include <algorithm>
#include <bit>
#include <utility>

#include "kernels/linear/epilogue.hpp"
#include "kernels/narrow/packed.hpp"
#include "kernels/simd/avx512.hpp"

#define TULLE_NARROW TULLE_AVX512

namespace tulle::narrow {
namespace {
constexpr int kHalves = 2;
template <int Half>
TULLE_INLINE V widened(const float* words) {
  const __m512i x = _mm512_loadu_si512(words);
  if constexpr (Half == 0) return {_mm512_castsi512_ps(_mm512_slli_epi32(x, 16))};
  return {_mm512_castsi512_ps(_mm512_and_si512(x, _mm512_set1_epi32(static_cast<int>(0xffff0000))))};
}
TULLE_INLINE V dot(V sum, V a, V x) {
  return fma(a, x, sum);
}
TULLE_INLINE V add(V x, V y) {
  return x + y;
}
#include "kernels/narrow/packed_body.inc"

double cost_us(const Problem& p) {
  return packed_us(OnColumns(p).problem, cpu_info().model.find("AMD") == std::string::npos ? 0.8 : 1.1);
}
}  // namespace

extern constinit const Kernel packed_bf16_singles{
    "narrow/avx512/packed/bf16/singles", DType::bf16, kIsa, true, refuse_packed, cost_us, prepare<OnColumns>};
}  // namespace tulle::narrow
