// An entry of a column that counts adds to one sum: a load, an FMA and a store for each, as fast as entries
// come out of memory. Scalar, but with FMA; gathering and scattering sixteen sums at a time would take
// longer.
#include <algorithm>
#include <cmath>

#include "core/target.hpp"
#include "kernels/sparse_input/csc.hpp"

namespace tulle::sparse_input {
namespace {
template <class Value>
class SparseColumns final : public Prepared {
 public:
  explicit SparseColumns(const Problem& p)
      : csc_(p), ends_(p, std::is_same_v<Value, std::int8_t>, Features::avx2) {}
  Index blocks() const override { return csc_.panels(); }
  std::size_t bytes() const override { return csc_.bytes() + ends_.bytes(); }
  void run(Index first_block, Index last_block, std::span<const Nonzero> x,
           float* y) const noexcept override {
    alignas(64) float sums[kPanel];
    for (Index block = first_block; block < last_block; ++block) {
      const Index first = block * kPanel, count = std::min(kPanel, csc_.rows - first);
      std::fill(sums, sums + kPanel, 0.0f);
      ends_.begin(first, count, sums);
      add(csc_.starts.data() + block * csc_.cols, x.data(), std::ssize(x), sums);
      ends_.end(first, count, sums, y);
    }
  }

 private:
  static constexpr Index kPanel = PanelCsc<Value>::kPanel, kAhead = 8;

  TULLE_AVX2 void add(const Index* starts, const Nonzero* x, Index count, float* sums) const {
    for (Index i = 0; i < count; ++i) {
      if (i + kAhead < count) fetch(starts + x[i + kAhead].column);
      const Index* start = starts + x[i].column;
      for (Index e = start[0]; e < start[1]; ++e) {
        float& sum = sums[csc_.local.data()[e]];
        sum = __builtin_fmaf(static_cast<float>(csc_.values.data()[e]), x[i].value, sum);
      }
    }
  }
  void fetch(const Index* start) const {
    for (Index e = start[0]; e < start[1]; e += 64 / Index{sizeof(Value)})
      __builtin_prefetch(csc_.values.data() + e);
    for (Index e = start[0]; e < start[1]; e += 32) __builtin_prefetch(csc_.local.data() + e);
  }

  PanelCsc<Value> csc_;
  Ends ends_;
};

template <class Value>
double cost_us(const Problem& p) {
  return csc_cost_us(p, sizeof(Value));
}
template <class Value>
std::optional<std::string> refuse(const Problem& p) {
  if constexpr (std::is_same_v<Value, std::int8_t>)
    if (auto values = refuse_values(p)) return values;
  return refuse_csc(p);
}
template <class Value>
std::unique_ptr<Prepared> prepare(const Problem& p) {
  return std::make_unique<SparseColumns<Value>>(p);
}
}  // namespace
extern constinit const Kernel csc_avx2{"sparse_input/avx2/csc", DType::f32,     Features::avx2, true,
                                       refuse<float>,           cost_us<float>, prepare<float>};
extern constinit const Kernel csc_bf16_avx2{"sparse_input/avx2/bf16/csc",
                                            DType::bf16,
                                            Features::avx2,
                                            true,
                                            refuse<BFloat16>,
                                            cost_us<BFloat16>,
                                            prepare<BFloat16>};
extern constinit const Kernel csc_i8_avx2{
    "sparse_input/avx2/i8/csc", DType::i8,           Features::avx2, true, refuse<std::int8_t>,
    cost_us<std::int8_t>,       prepare<std::int8_t>};
}  // namespace tulle::sparse_input
