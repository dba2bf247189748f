// The specification in code: row by row, in f64. Clear, never fast.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/spmv/kernel.hpp"

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

std::optional<std::string> refuse(const Problem&) {
  return std::nullopt;
}
double cost_us(const Problem& p) {
  return static_cast<double>(p.a.nnz() * p.n) / 700;
}
std::unique_ptr<Prepared> prepare(const Problem& p) {
  return std::make_unique<Plain>(p);
}
}  // namespace
extern constinit const Kernel reference{"spmv/reference", Features::none, true, refuse, cost_us, prepare};
}  // namespace tulle::spmv
