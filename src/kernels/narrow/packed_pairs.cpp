// bf16 by pairs: vdpbf16ps.
#include <algorithm>
#include <bit>
#include <utility>

#include "kernels/linear/epilogue.hpp"
#include "kernels/narrow/packed.hpp"
#include "kernels/simd/avx512.hpp"

#define TULLE_NARROW TULLE_AVX512_BF16

namespace tulle::narrow {
namespace {
#include "kernels/narrow/packed_words.inc"
inline __attribute__((always_inline)) TULLE_NARROW V dot(V sum, V a, V x) {
  asm("vdpbf16ps %2, %1, %0" : "+v"(sum.v) : "v"(x.v), "v"(a.v));  // g++ 12's intrinsic has another type
  return sum;
}
TULLE_INLINE V add(V x, V y) {
  return x + y;
}
#include "kernels/narrow/packed_body.inc"

double cost_us(const Problem& p) {
  return packed_us(OnWords(p).problem, cpu_info().model.find("AMD") == std::string::npos ? 2 : 1);
}
}  // namespace

extern constinit const Kernel packed_bf16_pairs{"narrow/avx512/packed/bf16/pairs",
                                                DType::bf16,
                                                kIsa | Features::avx512_bf16,
                                                true,
                                                refuse_packed,
                                                cost_us,
                                                prepare<OnWords>,
                                                true,
                                                true};
}  // namespace tulle::narrow
