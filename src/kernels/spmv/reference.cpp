// The specification in code: row by row, in f64. Clear, never fast.
#include <algorithm>
#include <cmath>
#include <vector>

#include "core/bfloat16.hpp"
#include "kernels/spmv/fixed_point.hpp"

namespace tulle::spmv {
namespace {
double activate(const Activation& f, double x) {
  switch (f.kind) {
    case ActivationKind::none:
      return x;
    case ActivationKind::relu:
      return x < 0 ? 0 : x;
    case ActivationKind::clip:
      return x < f.alpha ? f.alpha : x > f.beta ? f.beta : x;
    case ActivationKind::leaky_relu:
      return x < 0 ? f.alpha * x : x;
    case ActivationKind::gelu:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case ActivationKind::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    case ActivationKind::sigmoid:
      return 1 / (1 + std::exp(-x));
    case ActivationKind::silu:
      return x / (1 + std::exp(-x));
    case ActivationKind::hard_sigmoid:
      return std::max(0.0, std::min(1.0, f.alpha * x + f.beta));
    case ActivationKind::hard_swish:
      return x * std::max(0.0, std::min(1.0, x / 6 + 0.5));
    case ActivationKind::tanh:
      return std::tanh(x);
    case ActivationKind::elu:
      return x < 0 ? f.alpha * std::expm1(x) : x;
  }
  return x;
}

class Plain final : public Prepared {
 public:
  explicit Plain(const Problem& p)
      : offsets_(p.a.offsets.begin(), p.a.offsets.end()),
        columns_(p.a.columns.begin(), p.a.columns.end()),
        values_(p.a.values.begin(), p.a.values.end()),
        bias_(p.bias.begin(), p.bias.end()),
        residual_(p.residual),
        activation_(p.activation) {}
  Index blocks() const override { return std::ssize(offsets_) - 1; }
  std::size_t bytes() const override {
    return offsets_.size() * sizeof(Index) + values_.size() * 8 + bias_.size() * sizeof(float);
  }
  void run(Index n, Index first_block, Index last_block, const float* x, Index x_stride, float* y,
           Index y_stride, const float* r, Index r_stride) const noexcept override {
    for (Index v = 0; v < n; ++v)
      for (Index i = first_block; i < last_block; ++i) {
        double sum = bias_.empty() ? 0 : bias_[static_cast<std::size_t>(i)];
        if (residual_) sum += r[v * r_stride + i];
        y[v * y_stride + i] = static_cast<float>(activate(activation_, sum + dot(i, x + v * x_stride)));
      }
  }

 private:
  double dot(Index row, const float* x) const {
    double sum = 0;
    const auto first = static_cast<std::size_t>(offsets_[static_cast<std::size_t>(row)]);
    const auto last = static_cast<std::size_t>(offsets_[static_cast<std::size_t>(row) + 1]);
    for (std::size_t e = first; e < last; ++e) sum += double{values_[e]} * x[columns_[e]];
    return sum;
  }
  std::vector<Index> offsets_;
  std::vector<std::int32_t> columns_;
  std::vector<float> values_, bias_;
  bool residual_;
  Activation activation_;
};

/// bf16: the same with A rounded.
class Rounded final : public Prepared {
 public:
  explicit Rounded(const Problem& p) : plain_(with(p, rounded(p.a))) {}
  Index blocks() const override { return plain_.blocks(); }
  std::size_t bytes() const override { return plain_.bytes(); }
  void run(Index n, Index first_block, Index last_block, const float* x, Index x_stride, float* y,
           Index y_stride, const float* r, Index r_stride) const noexcept override {
    plain_.run(n, first_block, last_block, x, x_stride, y, y_stride, r, r_stride);
  }

 private:
  static std::vector<float> rounded(const CsrView& a) {
    std::vector<float> values;
    for (const float x : a.values) values.push_back(BFloat16(x));
    return values;
  }
  static Plain with(Problem p, const std::vector<float>& values) {
    p.a.values = values;
    return Plain(p);
  }
  Plain plain_;
};

/// i8: row by row in whole numbers.
class Whole final : public Prepared {
 public:
  explicit Whole(const Problem& p)
      : offsets_(p.a.offsets.begin(), p.a.offsets.end()),
        columns_(p.a.columns.begin(), p.a.columns.end()),
        values_(p.a.values.begin(), p.a.values.end()),
        bias_(p.bias.begin(), p.bias.end()),
        scales_(p.scales.begin(), p.scales.end()),
        cols_(p.a.cols),
        residual_(p.residual),
        activation_(p.activation) {
    bias_.resize(static_cast<std::size_t>(p.a.rows), 0);
    scales_.resize(static_cast<std::size_t>(p.a.rows), 1);
  }
  Index blocks() const override { return std::ssize(offsets_) - 1; }
  std::size_t bytes() const override {
    return offsets_.size() * sizeof(Index) + values_.size() * 5 + bias_.size() * 2 * sizeof(float);
  }
  void run(Index n, Index first_block, Index last_block, const float* x, Index x_stride, float* y,
           Index y_stride, const float* r, Index r_stride) const noexcept override {
    for (Index v = 0; v < n; ++v) {
      const FixedPoint fixed(x + v * x_stride, cols_);
      for (Index i = first_block; i < last_block; ++i) {
        const auto row = static_cast<std::size_t>(i);
        const double product = double{scales_[row]} * fixed.scale * static_cast<double>(dot(row, fixed));
        float sum = residual_ ? bias_[row] + r[v * r_stride + i] : bias_[row];
        sum += static_cast<float>(product);
        y[v * y_stride + i] = static_cast<float>(activate(activation_, sum));
      }
    }
  }

 private:
  std::int64_t dot(std::size_t row, const FixedPoint& x) const {
    std::int64_t sum = 0;
    for (Index e = offsets_[row]; e < offsets_[row + 1]; ++e)
      sum += static_cast<std::int64_t>(values_[static_cast<std::size_t>(e)]) *
             (x.both[columns_[static_cast<std::size_t>(e)]] - 32768);
    return sum;
  }
  std::vector<Index> offsets_;
  std::vector<std::int32_t> columns_;
  std::vector<std::int8_t> values_;
  std::vector<float> bias_, scales_;
  Index cols_;
  bool residual_;
  Activation activation_;
};

std::optional<std::string> refuse(const Problem&) {
  return std::nullopt;
}
double cost_us(const Problem& p) {
  return static_cast<double>(p.a.nnz() * p.n) / 700;
}
template <class Weight>
std::unique_ptr<Prepared> prepare(const Problem& p) {
  return std::make_unique<Weight>(p);
}
}  // namespace
extern constinit const Kernel reference{"spmv/reference", Features::none, true,
                                        refuse,           cost_us,        prepare<Plain>};
extern constinit const Kernel reference_bf16{"spmv/reference/bf16", Features::none, true, refuse, cost_us,
                                             prepare<Rounded>,      DType::bf16};
extern constinit const Kernel reference_i8{"spmv/reference/i8", Features::none, true, refuse_values, cost_us,
                                           prepare<Whole>,      DType::i8};
}  // namespace tulle::spmv
