// The specification in code. Clear, never fast.
#include "core/bfloat16.hpp"
#include "kernels/sddmm/block_pattern.hpp"

namespace tulle::sddmm {
namespace {
template <class Number>
float dot(const float* q, const float* k, Index d) {
  float sum = 0;
  for (Index e = 0; e < d; ++e) sum += Number(q[e]) * Number(k[e]);
  return sum;
}

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
           p < pattern_.offsets[static_cast<std::size_t>(i) + 1]; ++p)
        values[p] = scale_ * dot<Number>(q.row(i), k.row(pattern_.columns[static_cast<std::size_t>(p)]), d_);
  }

 private:
  Csr pattern_;
  Index d_;
  float scale_;
};

template <class Number>
class BlocksReference final : public Prepared {
 public:
  explicit BlocksReference(const Problem& p) : blocks_(p, 1), d_(p.d), scale_(p.scale) {}
  std::span<const Index> work() const override { return blocks_.work; }
  std::size_t bytes() const override { return blocks_.bytes(); }
  void run(Rows q, Rows k, float* values, float*, Index first, Index last) const noexcept override {
    for (Index i = first; i < last; ++i) {
      const auto row = static_cast<std::size_t>(i / blocks_.block_rows);
      for (Index b = blocks_.offsets[row]; b < blocks_.offsets[row + 1]; ++b)
        for (Index c = 0; c < blocks_.block_cols; ++c) {
          const Index j = blocks_.columns[static_cast<std::size_t>(b)] * blocks_.block_cols + c;
          const bool real = i < blocks_.queries && j < blocks_.keys;
          values[(b * blocks_.block_rows + i % blocks_.block_rows) * blocks_.block_cols + c] =
              real ? scale_ * dot<Number>(q.row(i), k.row(j), d_) : 0;
        }
    }
  }

 private:
  BlockPattern blocks_;
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
  if (p.block_rows > 0) return std::make_unique<BlocksReference<Number>>(p);
  return std::make_unique<Reference<Number>>(p);
}
}  // namespace

extern constinit const Kernel reference{"sddmm/reference", Features::none, refuse, cost_us, prepare<float>};
extern constinit const Kernel reference_bf16{"sddmm/reference/bf16", Features::none, refuse, cost_us,
                                             prepare<BFloat16>,      DType::bf16};
}  // namespace tulle::sddmm
