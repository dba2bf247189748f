// A bit for each element, values of nonzeros only: at 4 bytes + 1/32 / density the smallest form below 80 %
// zeros. One u16 says which of a slice's 16 rows have an entry in a column; vexpandps puts their values into
// the lanes. Four slices go side by side: they share what is read of x, and their masks are one load.
#include <algorithm>
#include <array>
#include <bit>
#include <utility>

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
  static constexpr int kGroup = 4;

  explicit BitmaskForm(const Problem& p)
      : slices(p, rows_in_order(p.a), kIsa),
        cols(p.a.cols),
        masks(static_cast<std::size_t>(checked_mul((slices.count() + kGroup - 1) / kGroup, cols))),
        values(p.a.values.size() + kLanes) {
    for (Index i = 0; i < p.a.rows; ++i)
      for (Index e = p.a.offsets[i]; e < p.a.offsets[i + 1]; ++e)
        masks[static_cast<std::size_t>(i / kRows * cols + p.a.columns[e])] |= std::uint64_t{1} << i % kRows;
    Index at = 0;
    for (Index row = 0; row < p.a.rows; row += kRows) {
      first.push_back(at);
      at = fill(p.a, row, at);
    }
  }
  /// The values of a block, column by column, from `at` on; returns where the next block begins.
  Index fill(const CsrView& a, Index row, Index at) {
    std::array<Index, kRows> next{};
    const Index live = std::min(kRows, a.rows - row);
    for (Index i = 0; i < live; ++i) next[static_cast<std::size_t>(i)] = a.offsets[row + i];
    const std::uint64_t* mask = masks.data() + row / kRows * cols;
    for (Index j = 0; j < cols; ++j)
      for (std::uint64_t left = mask[j]; left != 0; left &= left - 1)
        values[static_cast<std::size_t>(at++)] =
            a.values[next[static_cast<std::size_t>(std::countr_zero(left))]++];
    return at;
  }
  std::size_t bytes() const { return masks.size() * sizeof(std::uint64_t) + values.size() * sizeof(float); }
  static Index slice(Index block, int i) { return block * kGroup + i; }

  /// Absent entries contribute nothing, whatever x holds: the product is masked too.
  template <int S, int N>
  TULLE_INLINE void sums(Index block, const float* x, Index x_stride, V (&sum)[S][N]) const {
    const std::uint64_t* mask = masks.data() + block * cols;
    const float* value = values.data() + first[static_cast<std::size_t>(block)];
    for (Index j = 0; j < cols; ++j) {
      const std::uint64_t bits = mask[j];
      __m512 b[N];
#pragma GCC unroll 4
      for (int i = 0; i < N; ++i) b[i] = _mm512_set1_ps(x[i * x_stride + j]);
#pragma GCC unroll 4
      for (int s = 0; s < S; ++s) {
        const int before = __builtin_popcountll(bits & ((std::uint64_t{1} << s * kLanes) - 1));
        const auto lanes = static_cast<__mmask16>(bits >> s * kLanes);
        const __m512 a = expand(lanes, _mm512_loadu_ps(value + before));
#pragma GCC unroll 4
        for (int i = 0; i < N; ++i) sum[s][i].v = _mm512_mask3_fmadd_ps(a, b[i], sum[s][i].v, lanes);
      }
      value += __builtin_popcountll(bits);
      __builtin_prefetch(value + 1024);
    }
  }

  static constexpr Index kRows = kGroup * kLanes;
  Slices slices;
  Index cols;
  Buffer<std::uint64_t> masks;  ///< block * cols + column -> rows
  Buffer<float> values;         ///< a vector longer than the entries: each slice loads a whole one
  std::vector<Index> first;     ///< of the values of a block
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
