// A bit for each element, values of nonzeros only: at 4 bytes + 1/32 / density the smallest form below 80 %
// zeros. One u16 says which of a slice's 16 rows have an entry in a column; vexpandps puts their values into
// the lanes.
#include <algorithm>

#include "core/checked.hpp"
#include "kernels/simd/avx512.hpp"
#include "kernels/spmv/slices.hpp"

namespace tulle::spmv {
namespace {
#include "kernels/spmv/slice_body.inc"

/// Lanes of mask get the next values, the others zero. vexpandps waits for its old destination even when it
/// zeroes (9.8 cycles in place of 2 on Zen 4), and compilers reuse one register: hence a register cleared
/// here, and merging.
TULLE_INLINE __m512 expand(__mmask16 mask, __m512 values) {
  __m512 lanes;
  asm("vpxord %0, %0, %0\n\tvexpandps %1, %0 %{%2%}" : "=&v"(lanes) : "v"(values), "Yk"(mask));
  return lanes;
}

struct BitmaskForm {
  explicit BitmaskForm(const Problem& p)
      : slices(p, rows_in_order(p.a), kIsa),
        cols(p.a.cols),
        masks(static_cast<std::size_t>(checked_mul(slices.count(), cols))),
        values(p.a.values.size() + kLanes),
        first(static_cast<std::size_t>(slices.count())) {
    for (Index i = 0; i < p.a.rows; ++i)
      for (Index e = p.a.offsets[i]; e < p.a.offsets[i + 1]; ++e)
        masks[static_cast<std::size_t>(i / kLanes * cols + p.a.columns[e])] |=
            static_cast<std::uint16_t>(1u << i % kLanes);
    Index at = 0;
    for (Index s = 0; s < slices.count(); ++s) {
      first[static_cast<std::size_t>(s)] = at;
      at = fill(p.a, s, at);
    }
  }
  /// The values of a slice, column by column, from `at` on; returns where the next slice begins.
  Index fill(const CsrView& a, Index slice, Index at) {
    Index next[kLanes];
    const int live = slices.live(slice);
    for (int lane = 0; lane < live; ++lane) next[lane] = a.offsets[slice * kLanes + lane];
    for (Index j = 0; j < cols; ++j)
      for (int lane = 0; lane < live; ++lane)
        if (masks[static_cast<std::size_t>(slice * cols + j)] >> lane & 1)
          values[static_cast<std::size_t>(at++)] = a.values[next[lane]++];
    return at;
  }
  std::size_t bytes() const { return masks.size() * sizeof(std::uint16_t) + values.size() * sizeof(float); }

  template <int N>
  TULLE_AVX512 void sums(Index slice, const float* x, Index x_stride, V (&sum)[N]) const {
    const std::uint16_t* mask = masks.data() + slice * cols;
    const float* value = values.data() + first[static_cast<std::size_t>(slice)];
    V odd[N] = {};
    Index j = 0;
    for (; j + 2 <= cols; j += 2) {
      __builtin_prefetch(value + 1024);
      value = column(mask[j], value, x + j, x_stride, sum);
      value = column(mask[j + 1], value, x + j + 1, x_stride, odd);
    }
    if (j < cols) column(mask[j], value, x + j, x_stride, sum);
    for (int i = 0; i < N; ++i) sum[i] = sum[i] + odd[i];
  }
  /// Absent entries contribute nothing, whatever x holds: the product is masked too.
  template <int N>
  TULLE_INLINE static const float* column(std::uint16_t bits, const float* value, const float* x,
                                          Index x_stride, V (&sum)[N]) {
    const __m512 a = expand(bits, load(value).v);
#pragma GCC unroll 4
    for (int i = 0; i < N; ++i)
      sum[i].v = _mm512_mask3_fmadd_ps(a, _mm512_set1_ps(x[i * x_stride]), sum[i].v, bits);
    return value + __builtin_popcount(bits);
  }

  Slices slices;
  Index cols;
  Buffer<std::uint16_t> masks;  ///< slice * cols + column -> lanes
  Buffer<float> values;         ///< a vector longer than the entries: each column loads a whole one
  std::vector<Index> first;     ///< of the values of a slice
};

std::optional<std::string> refuse(const Problem& p) {
  return too_large(p, sizeof(std::uint16_t));
}
double cost_us(const Problem& p) {
  const double groups = static_cast<double>(p.a.rows) * static_cast<double>(p.a.cols) / kLanes;
  const double cycles = 2.9 + static_cast<double>(p.n - 1);
  return std::max(groups * cycles / 3600, stream_us(groups * 2 + 4 * static_cast<double>(p.a.nnz())));
}
std::unique_ptr<Prepared> prepare(const Problem& p) {
  return std::make_unique<SliceWeight<BitmaskForm>>(p);
}
}  // namespace
extern constinit const Kernel bitmask_avx512{"spmv/avx512/bitmask", kIsa, true, refuse, cost_us, prepare};
}  // namespace tulle::spmv
