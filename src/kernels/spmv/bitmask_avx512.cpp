// A bit for each element and the values of nonzeros: at 1/8 + density times the bytes of a value for each
// element the smallest form below 80 % zeros. vexpand puts values into the lanes that want them; masks and
// values stream in order.
#include <algorithm>
#include <array>
#include <utility>

#include "kernels/simd/avx512.hpp"
#include "kernels/spmv/bitmask_words.hpp"
#include "kernels/spmv/fixed_point.hpp"
#include "kernels/spmv/words_avx512.hpp"

namespace tulle::spmv {
namespace {
#include "kernels/spmv/fixed_body.inc"
#include "kernels/spmv/slice_body.inc"

struct Singles : BitmaskWords<float> {
  explicit Singles(const Problem& p) : BitmaskWords(p, kIsa) {}

  /// The masks of four slices are one load. Absent entries contribute nothing, whatever x holds: the product
  /// is masked too.
  template <int S, int N>
  TULLE_INLINE void sums(Index block, const float* x, Index x_stride, V (&sum)[S][N]) const {
    const Mask* of_block = mask(block);
    const float* at = value(block);
    for (Index j = 0; j < cols; ++j) {
      std::uint64_t bits;
      std::memcpy(&bits, of_block + j * kGroup, sizeof bits);
      V b[N];
#pragma GCC unroll 4
      for (int i = 0; i < N; ++i) b[i] = broadcast(x[i * x_stride + j]);
#pragma GCC unroll 4
      for (int s = 0; s < S; ++s) {
        const int before = __builtin_popcountll(bits & ((std::uint64_t{1} << s * kLanes) - 1));
        const auto lanes = static_cast<std::uint16_t>(bits >> s * kLanes);
        const V a = expand(lanes, at + before);
#pragma GCC unroll 4
        for (int i = 0; i < N; ++i) sum[s][i].v = _mm512_mask3_fmadd_ps(a.v, b[i].v, sum[s][i].v, lanes);
      }
      at += __builtin_popcountll(bits);
      __builtin_prefetch(at + 1024);
      __builtin_prefetch(of_block + j * kGroup + ahead);
    }
  }
};

struct Pairs : BitmaskWords<BFloat16> {
  explicit Pairs(const Problem& p) : BitmaskWords(p, kIsa) {}

  template <int S, int N>
  TULLE_INLINE void sums(Index block, const float* x, Index x_stride, V (&sum)[S][N]) const {
    const Mask* bits = mask(block);
    const BFloat16* at = value(block);
    V even[N], odd[N];
    for (Index j = 0; j + 1 < cols; j += 2, bits += kGroup) {
#pragma GCC unroll 4
      for (int i = 0; i < N; ++i)
        even[i] = broadcast(x[i * x_stride + j]), odd[i] = broadcast(x[i * x_stride + j + 1]);
      at = add<S, N>(bits, at, even, odd, sum);
    }
    if (cols % 2 == 0) return;
    for (int i = 0; i < N; ++i) even[i] = broadcast(x[i * x_stride + cols - 1]), odd[i] = zero();
    add<S, N>(bits, at, even, odd, sum);
  }
  template <int S, int N>
  TULLE_INLINE const BFloat16* add(const Mask* bits, const BFloat16* at, const V* even, const V* odd,
                                   V (&sum)[S][N]) const {
    __builtin_prefetch(at + 2048);
    __builtin_prefetch(at + 2048 + 64);
    __builtin_prefetch(bits + ahead);
#pragma GCC unroll 4
    for (int s = 0; s < S; ++s) {
      const W pair = expand(bits[s], at);
      at += __builtin_popcount(bits[s]);
      const V a_even = lower(pair), a_odd = upper(pair);
#pragma GCC unroll 4
      for (int i = 0; i < N; ++i) sum[s][i] = fma(a_odd, odd[i], fma(a_even, even[i], sum[s][i]));
    }
    return at;
  }
};

struct Quads : BitmaskWords<std::int8_t> {
  explicit Quads(const Problem& p) : BitmaskWords(p, kIsa) {}

  template <int S>
  TULLE_INLINE void sums(Index block, const FixedPoint& x, W (&low)[S], W (&high)[S]) const {
    const Mask* bits = mask(block);
    const std::int8_t* at = value(block);
    for (Index q = 0; q < words; ++q, bits += kGroup) {
      const W x_low = every_word(x.low + 4 * q), x_high = every_word(x.high + 4 * q);
      __builtin_prefetch(at + 4096);
      __builtin_prefetch(at + 4096 + 64);
      __builtin_prefetch(bits + ahead);
#pragma GCC unroll 4
      for (int s = 0; s < S; ++s) {
        const W a = expand(bits[s], at);
        at += __builtin_popcountll(bits[s]);
        low[s] = dot4(low[s], x_low, a);
        high[s] = dot4(high[s], x_high, a);
      }
    }
  }
};

/// Cycles to expand 16 elements of one vector's word, whatever it holds: on Zen 4 and on Intel alike.
double cost_us(const Problem& p, double in_word, double cycles, double bytes) {
  const double steps = static_cast<double>(p.a.rows) * static_cast<double>(p.a.cols) / kLanes / in_word;
  return std::max(steps * cycles / 3600,
                  stream_us(steps * in_word * 2 + bytes * static_cast<double>(p.a.nnz())));
}
double singles_cost_us(const Problem& p) {
  return cost_us(p, 1, 2.9 + static_cast<double>(p.n - 1), 4);
}
double pairs_cost_us(const Problem& p) {
  return cost_us(p, 2, 4 + 2 * static_cast<double>(p.n - 1), 2);
}
double quads_cost_us(const Problem& p) {
  return cost_us(p, 4, 4 * static_cast<double>(p.n), 1);
}

std::optional<std::string> refuse(const Problem& p) {
  return too_large(p, kLanes / 8);
}
std::optional<std::string> refuse_quads(const Problem& p) {
  if (auto values = refuse_values(p)) return values;
  return refuse(p);
}
template <class Weight>
std::unique_ptr<Prepared> prepare(const Problem& p) {
  return std::make_unique<Weight>(p);
}
}  // namespace
extern constinit const Kernel bitmask_avx512{
    "spmv/avx512/bitmask", kIsa, true, refuse, singles_cost_us, prepare<SliceWeight<Singles>>};
extern constinit const Kernel bitmask_bf16_avx512{"spmv/avx512/bf16/bitmask",
                                                  kIsa | Features::avx512_vbmi2,
                                                  true,
                                                  refuse,
                                                  pairs_cost_us,
                                                  prepare<SliceWeight<Pairs>>,
                                                  DType::bf16,
                                                  true};
extern constinit const Kernel bitmask_i8_avx512{"spmv/avx512/i8/bitmask",
                                                kIsa | Features::avx512_vbmi2 | Features::avx512_vnni,
                                                true,
                                                refuse_quads,
                                                quads_cost_us,
                                                prepare<FixedWeight<Quads>>,
                                                DType::i8};
}  // namespace tulle::spmv
