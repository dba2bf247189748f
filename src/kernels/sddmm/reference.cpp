// The specification in code. Clear, never fast.
#include "core/bfloat16.hpp"
#include "kernels/sddmm/kernel.hpp"

namespace tulle::sddmm {
namespace {
/// Number: what Q and K are rounded to.
template <class Number>
class Reference final : public Prepared {
 public:
  explicit Reference(const Problem& p) : pattern_(p.mask.to_csr()), d_(p.d), scale_(p.scale) {}
  std::span<const Index> work() const override { return pattern_.offsets; }
  std::size_t bytes() const override { return pattern_.offsets.size() * 8 + pattern_.columns.size() * 8; }
  void run(Rows q, Rows k, float* values, float*, Index first, Index last) const noexcept override {
    for (Index i = first; i < last; ++i)
      for (Index p = pattern_.offsets[static_cast<std::size_t>(i)];
           p < pattern_.offsets[static_cast<std::size_t>(i) + 1]; ++p) {
        const float* key = k.row(pattern_.columns[static_cast<std::size_t>(p)]);
        float sum = 0;
        for (Index e = 0; e < d_; ++e) sum += Number(q.row(i)[e]) * Number(key[e]);
        values[p] = scale_ * sum;
      }
  }

 private:
  Csr pattern_;
  Index d_;
  float scale_;
};

std::optional<std::string> refuse(const Problem&) {
  return std::nullopt;
}
double cost_us(const Problem& p) {
  return 1e-3 * static_cast<double>(p.mask.entries()) * (2 + static_cast<double>(p.d));
}
template <class Number>
std::unique_ptr<Prepared> prepare(const Problem& p) {
  return std::make_unique<Reference<Number>>(p);
}
}  // namespace

extern constinit const Kernel reference{"sddmm/reference", Features::none, refuse, cost_us, prepare<float>};
extern constinit const Kernel reference_bf16{"sddmm/reference/bf16", Features::none, refuse, cost_us,
                                             prepare<BFloat16>,      DType::bf16};
}  // namespace tulle::sddmm
