// Sparse rows in lanes, x looked up in registers: a step loads 32 elements of x, and vpermi2ps brings each of
// 16 lanes the one that its entry wants. No gather (one element a cycle at best), no branch, at 5 bytes for
// each slot.
#include <algorithm>
#include <array>
#include <utility>

#include "kernels/simd/avx512.hpp"
#include "kernels/spmv/lookup_steps.hpp"

namespace tulle::spmv {
namespace {
#include "kernels/spmv/slice_body.inc"

struct LookupForm : LookupSteps {
  explicit LookupForm(const Problem& p) : LookupSteps(p, kIsa) {}

  template <int S, int N>
  TULLE_INLINE void sums(Index block, const float* x, Index x_stride, V (&sum)[S][N]) const {
    const Block& at = blocks[static_cast<std::size_t>(block)];
    take_turns<S>(at, 0, at.first, x, x_stride, sum);
  }

  /// The first Going slices of the block have `turns` steps behind them; the next step is `step`.
  template <int Going, int S, int N>
  TULLE_INLINE void take_turns(const Block& at, Index turns, Index step, const float* x, Index x_stride,
                               V (&sum)[S][N]) const {
    for (; turns < at.steps[Going - 1]; ++turns, step += Going)
#pragma GCC unroll 4
      for (int s = 0; s < Going; ++s) one(step + s, x, x_stride, sum[s]);
    if constexpr (Going > 1) take_turns<Going - 1>(at, turns, step, x, x_stride, sum);
  }

  /// Only lanes whose index byte has its sign set add their product, whatever x holds; vpermi2ps ignores the
  /// sign.
  template <int N>
  TULLE_INLINE void one(Index step, const float* x, Index x_stride, V (&sum)[N]) const {
    const float* value = values.data() + step * kLanes;
    const std::uint8_t* lanes = index.data() + step * kLanes;
    __builtin_prefetch(value + 1024);
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(lanes));
    const __m512i wanted = _mm512_cvtepu8_epi32(bytes);
    const __mmask16 busy = _mm_movepi8_mask(bytes);
    const float* window = x + base.data()[step];
#pragma GCC unroll 4
    for (int i = 0; i < N; ++i, window += x_stride) {
      const __m512 found =
          _mm512_permutex2var_ps(_mm512_loadu_ps(window), wanted, _mm512_loadu_ps(window + kLanes));
      sum[i].v = _mm512_mask3_fmadd_ps(_mm512_loadu_ps(value), found, sum[i].v, busy);
    }
  }
};

std::unique_ptr<Prepared> prepare(const Problem& p) {
  return std::make_unique<SliceWeight<LookupForm>>(p);
}
}  // namespace
extern constinit const Kernel lookup_avx512{"spmv/avx512/lookup32", kIsa,           true,
                                            refuse_lookup,          lookup_cost_us, prepare};
}  // namespace tulle::spmv
