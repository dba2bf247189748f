// The inference of the Sparse DNN Graph Challenge (Kepner et al., HPEC 2019): Y = min(32, max(0, A_l Y - bias)) layer after
// layer, and which images are left. The matrix holds the layers, square ones, one below the other. n: images. Operand "x":
// neurons x n, ones and zeros; the result: for each image 1 if any neuron is not 0 at the end, else 0. Key "bias" (0.3).
#include <algorithm>
#include <random>
#include "core/buffer.hpp"
#include "lab/operations/list.hpp"
#include "tulle/error.hpp"
#include "tulle/spmm.hpp"

namespace tulle::lab {
namespace {
constexpr float kMost = 32;
constexpr unsigned kSeed = 20251203;

Index layers_of(const CsrView& a) {
  if (a.cols == 0 || a.rows % a.cols != 0)
    throw Error("radixnet", "the matrix is " + std::to_string(a.rows) + " x " + std::to_string(a.cols) + ", wants square layers one below the other");
  return a.rows / a.cols;
}

/// Ones in a share of the neurons that differs from image to image, around the one below which nothing is left.
Tensor images(Index neurons, Index n) {
  std::mt19937 bits(kSeed);
  Tensor x(TensorType{DType::f32, {neurons, n}});
  for (Index j = 0; j < n; ++j) {
    const double share = 0.5 * static_cast<double>(j + 1) / static_cast<double>(n);
    for (Index i = 0; i < neurons; ++i) x.as_mutable<float>()[static_cast<std::size_t>(i * n + j)] = static_cast<double>(bits()) < share * 0x1p32;
  }
  return x;
}

std::vector<double> propagate(const CsrView& a, Index layer, const std::vector<double>& y, Index n, double bias) {
  std::vector<double> next(y.size());
  for (Index i = 0; i < a.cols; ++i) {
    const auto row = static_cast<std::size_t>(layer * a.cols + i);
    double* out = next.data() + i * n;
    for (auto p = static_cast<std::size_t>(a.offsets[row]); p < static_cast<std::size_t>(a.offsets[row + 1]); ++p)
      for (Index j = 0; j < n; ++j) out[j] += double{a.values[p]} * y[static_cast<std::size_t>(a.columns[p] * n + j)];
    for (Index j = 0; j < n; ++j) out[j] = std::clamp(out[j] - bias, 0.0, double{kMost});
  }
  return next;
}

Question ask(const Case& c, const CsrView& a) {
  Question q;
  const auto x = (q.operands["x"] = images(a.cols, c.n)).as<float>();
  std::vector<double> y(x.begin(), x.end());
  for (Index layer = 0; layer < layers_of(a); ++layer) y = propagate(a, layer, y, c.n, c.parameters.at("bias"));
  const auto n = static_cast<std::size_t>(c.n);
  q.expected = {{c.n}, std::vector<double>(n), std::vector<double>(n, 1), std::vector<double>(n, 0)};
  for (std::size_t i = 0; i < y.size(); ++i) q.expected.values[i % n] = std::max(q.expected.values[i % n], y[i] > 0 ? 1.0 : 0.0);
  q.flops = 2 * static_cast<double>(a.nnz()) * static_cast<double>(c.n);
  q.dense_flops = 2 * static_cast<double>(a.rows) * static_cast<double>(a.cols) * static_cast<double>(c.n);
  return q;
}

Csr layer_of(const CsrView& a, Index layer) {
  const auto first = a.offsets.begin() + layer * a.cols;
  Csr one{a.cols, a.cols, {first, first + a.cols + 1}, {}, {}};
  const Index begin = one.offsets.front(), end = one.offsets.back();
  for (Index& offset : one.offsets) offset -= begin;
  one.columns.assign(a.columns.begin() + begin, a.columns.begin() + end);
  one.values.assign(a.values.begin() + begin, a.values.begin() + end);
  return one;
}

/// Layer after layer in panels; weights of a whole network come from memory.
class OwnNetwork final : public Contender {
 public:
  explicit OwnNetwork(const Job& job) : neurons_(job.a.cols), n_(job.n), x_(size()), y_(size()), next_(size()) {
    const std::vector<float> bias(static_cast<std::size_t>(neurons_), -static_cast<float>(job.parameter("bias")));
    for (Index layer = 0; layer < layers_of(job.a); ++layer)
      plans_.push_back(plan_spmm(layer_of(job.a, layer).view(), n_,
                                 {.threads = job.threads, .b_order = DenseOrder::panels, .c_order = DenseOrder::panels, .cold = true, .bias = bias,
                                  .activation = {ActivationKind::clip, 0, kMost}}));
    for (Index i = 0; i < neurons_; ++i)
      for (Index j = 0; j < n_; ++j) x_[at(i, j)] = job.operand("x")[i * n_ + j];
  }
  void run() override {
    const float* from = x_.data();
    for (const SpmmPlan& plan : plans_) {
      plan.run(from, next_.data());
      std::swap(y_, next_);
      from = y_.data();
    }
  }
  Tensor result() override {
    Tensor left(TensorType{DType::f32, {n_}});
    for (Index j = 0; j < n_; ++j) {
      float most = 0;
      for (Index i = 0; i < neurons_; ++i) most = std::max(most, y_[at(i, j)]);
      left.as_mutable<float>()[static_cast<std::size_t>(j)] = most > 0;
    }
    return left;
  }
  std::string note() override { return "picked " + std::string(plans_.front().kernel()) + " for the first layer"; }

 private:
  static constexpr Index kLanes = 16;
  std::size_t at(Index i, Index j) const { return static_cast<std::size_t>(j / kLanes * kLanes * neurons_ + i * kLanes + j % kLanes); }
  std::size_t size() const { return static_cast<std::size_t>(extent(DenseOrder::panels, neurons_, n_, natural_ld(DenseOrder::panels, neurons_, n_))); }

  const Index neurons_, n_;
  Buffer<float> x_, y_, next_;
  std::vector<SpmmPlan> plans_;
};
}  // namespace

Operation radixnet_operation() {
  return {.name = "radixnet",
          .n = "images",
          .parameters = {{"bias", 0.3}},
          .ask = ask,
          .kernels = [](DType) { return std::vector<std::string>{}; },
          .prepare = [](const Job& job) -> std::unique_ptr<Contender> { return std::make_unique<OwnNetwork>(job); }};
}
}  // namespace tulle::lab
