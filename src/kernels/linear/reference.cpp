// The specification in code: C = act(A B + bias + R), row by row, lane by lane. Clear, never fast.
#include "kernels/linear/kernel.hpp"
#include "kernels/pointwise/scalar.hpp"

namespace tulle::linear {
namespace {
class Plain final : public Prepared {
 public:
  explicit Plain(const Problem& p)
      : offsets_(p.a.offsets.begin(), p.a.offsets.end()),
        values_(p.a.values.begin(), p.a.values.end()),
        bias_(p.bias.begin(), p.bias.end()),
        c_stride_(p.c_stride),
        r_stride_(p.r_stride),
        residual_(p.residual),
        mask_(p.mask),
        activation_(p.activation) {
    for (std::int32_t column : p.a.columns) b_offsets_.push_back(p.b_offsets[column]);
  }
  Index blocks() const override { return std::ssize(offsets_) - 1; }
  std::size_t bytes() const override {
    return offsets_.size() * sizeof(Index) + values_.size() * 8 + bias_.size() * sizeof(float);
  }
  void run(std::span<const Tile> tiles, Index first, Index last, const float* b, float* c,
           const float* r) const noexcept override {
    for (const Tile& tile : tiles)
      for (Index i = first; i < last; ++i)
        for (Index lane = 0; lane < kLanes; ++lane) {
          const bool real = !mask_ || (tile.lanes >> lane & 1);
          float* out = c + tile.c + i * c_stride_ + lane;
          const float residual = residual_ ? r[tile.r + i * r_stride_ + lane] : 0;
          *out = real ? activated(sum(i, b + tile.b + lane) + residual) : 0;
        }
  }

 private:
  float sum(Index i, const float* b) const {
    float total = bias_.empty() ? 0 : bias_[i];
    for (Index e = offsets_[i]; e < offsets_[i + 1]; ++e) total += values_[e] * b[b_offsets_[e]];
    return total;
  }
  float activated(float x) const { return static_cast<float>(pointwise::activate(activation_, x)); }

  std::vector<Index> offsets_;
  std::vector<std::int32_t> b_offsets_;  ///< one per nonzero
  std::vector<float> values_, bias_;
  Index c_stride_, r_stride_;
  bool residual_, mask_;
  Activation activation_;
};

std::optional<std::string> refuse(const Problem&) {
  return std::nullopt;
}
double cost_us(const Problem& p) {
  return static_cast<double>(p.a.nnz() * p.tiles * kLanes) / 500;
}
std::unique_ptr<Prepared> prepare(const Problem& p) {
  return std::make_unique<Plain>(p);
}
}  // namespace

extern constinit const Kernel reference{"linear/reference", Features::none, true, refuse, cost_us, prepare};
}  // namespace tulle::linear
