// The specification in code: row by row, in f32. Clear, never fast.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/bfloat16.hpp"
#include "kernels/sddmm/entries.hpp"
#include "kernels/sparse_attention/kernel.hpp"

namespace tulle::sparse_attention {
namespace {
/// Number: what Q, K, V and the weights are rounded to.
template <class Number>
class Reference final : public Prepared {
 public:
  explicit Reference(const Problem& p) : entries_(p.mask), d_(p.d), d_v_(p.d_v), scale_(p.scale) {}
  std::span<const Index> work() const override { return entries_.offsets; }
  Index scratch_floats() const override { return entries_.longest(); }
  std::size_t bytes() const override { return entries_.bytes(); }
  void run(const Head& h, float* scores, Index first, Index last) const noexcept override {
    for (Index i = first; i < last; ++i) {
      const auto keys = entries_.row(i);
      float top = std::numeric_limits<float>::lowest(), sum = 0;
      for (std::size_t p = 0; p < keys.size(); ++p) {
        scores[p] = 0;
        for (Index e = 0; e < d_; ++e)
          scores[p] += scale_ * Number(h.q.row(i)[e]) * Number(h.k.row(keys[p])[e]);
        top = std::max(top, scores[p]);
      }
      for (std::size_t p = 0; p < keys.size(); ++p) sum += scores[p] = std::exp(scores[p] - top);
      float* o = h.o + i * h.o_stride;
      std::fill_n(o, d_v_, 0.0f);
      for (std::size_t p = 0; p < keys.size() && sum != 0; ++p)
        for (Index e = 0; e < d_v_; ++e) o[e] += Number(scores[p]) / sum * Number(h.v.row(keys[p])[e]);
    }
  }

 private:
  sddmm::Entries entries_;
  Index d_, d_v_;
  float scale_;
};

std::optional<std::string> refuse(const Problem&) {
  return std::nullopt;
}
double cost_us(const Problem& p) {
  return 1e-3 * static_cast<double>(p.mask.entries() * (p.d + p.d_v + 20));
}
template <class Number>
std::unique_ptr<Prepared> prepare(const Problem& p) {
  return std::make_unique<Reference<Number>>(p);
}
}  // namespace

extern constinit const Kernel reference{"sparse_attention/reference", Features::none, refuse, cost_us,
                                        prepare<float>};
extern constinit const Kernel reference_bf16{
    "sparse_attention/reference/bf16", Features::none, refuse, cost_us, prepare<BFloat16>, DType::bf16};
}  // namespace tulle::sparse_attention
