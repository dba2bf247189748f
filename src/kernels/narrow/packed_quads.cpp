// Bytes by fours: vpdpbusd, B unsigned, A signed.
#include <algorithm>
#include <bit>
#include <utility>

#include "kernels/linear/epilogue.hpp"
#include "kernels/narrow/packed.hpp"
#include "kernels/simd/avx512.hpp"

#define TULLE_NARROW TULLE_AVX512_VNNI

namespace tulle::narrow {
namespace {
#include "kernels/narrow/packed_words.inc"
inline __attribute__((always_inline)) TULLE_NARROW V dot(V sum, V a, V x) {
  return {_mm512_castsi512_ps(
      _mm512_dpbusd_epi32(_mm512_castps_si512(sum.v), _mm512_castps_si512(x.v), _mm512_castps_si512(a.v)))};
}
TULLE_INLINE V add(V x, V y) {
  return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x.v), _mm512_castps_si512(y.v)))};
}
#include "kernels/narrow/packed_body.inc"

double cost_us(const Problem& p) {
  return packed_us(OnWords(p).problem, cpu_info().model.find("AMD") == std::string::npos ? 0.75 : 1);
}
}  // namespace

extern constinit const Kernel packed_i8{
    "narrow/avx512/packed/i8", DType::i8, kIsa | Features::avx512_vnni, true, refuse_packed, cost_us,
    prepare<OnWords>,          true};
}  // namespace tulle::narrow
