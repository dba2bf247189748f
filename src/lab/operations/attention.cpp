// O = softmax(Q K^T / sqrt(n)) V over the entries of the matrix, whatever their values. n: numbers in a query, a key and a
// value; further key "heads". Operands "q": heads x m x n, "k" and "v": heads x k x n; O is heads x m x n.
#include "tulle/attention.hpp"
#include <cmath>
#include "core/checked.hpp"
#include "core/cpu.hpp"
#include "core/threads.hpp"
#include "lab/operations/list.hpp"
#include "lab/values.hpp"

namespace tulle::lab {
namespace {
constexpr unsigned kSeed = 20251203;

/// One head of the operands.
struct Head {
  const float *q, *k, *v;
};

/// The weights of one query's keys, and how far a score may be off that f32 adds up.
double weigh(const CsrView& a, const Head& h, Index i, Index d, std::vector<double>& weights) {
  const auto begin = static_cast<std::size_t>(a.offsets[static_cast<std::size_t>(i)]), end = static_cast<std::size_t>(a.offsets[static_cast<std::size_t>(i + 1)]);
  double off = 0, top = -HUGE_VAL, total = 0;
  weights.clear();
  for (std::size_t p = begin; p < end; ++p) {
    double score = 0, size = 0;
    for (Index x = 0; x < d; ++x) {
      const double term = double{h.q[i * d + x]} * h.k[a.columns[p] * d + x] / std::sqrt(static_cast<double>(d));
      score += term, size += std::abs(term);
    }
    weights.push_back(score);
    off = std::max(off, static_cast<double>(d + 6) * 0x1p-24 * size), top = std::max(top, score);
  }
  for (double& w : weights) total += w = std::exp(w - top);
  for (double& w : weights) w /= total;
  return off;
}

/// Row i of O; bf16 may round the weights, and the result.
void expect_row(const CsrView& a, const Head& h, Index i, const Case& c, Index row, std::vector<double>& weights, Expected& e) {
  const double off = weigh(a, h, i, c.n, weights);
  const double rounding = c.dtype == DType::bf16 ? 0x1p-7 : 0, bound = 2 * off + rounding + static_cast<double>(weights.size() + 20) * 0x1p-24;
  const auto begin = static_cast<std::size_t>(a.offsets[static_cast<std::size_t>(i)]);
  for (Index x = 0; x < c.n; ++x) {
    const auto at = static_cast<std::size_t>(row * c.n + x);
    for (std::size_t p = 0; p < weights.size(); ++p) {
      const double term = weights[p] * h.v[a.columns[begin + p] * c.n + x];
      e.values[at] += term, e.sizes[at] += std::abs(term);
    }
    e.bounds[at] = bound * e.sizes[at] + 1e-37;
  }
}

Index heads_of(const Case& c) {
  const double heads = c.parameters.at("heads");
  if (heads != std::floor(heads) || heads < 1 || heads > 1024) throw Error("attention", "'heads' wants a whole number from 1 to 1024");
  return static_cast<Index>(heads);
}

Question ask(const Case& c, const CsrView& a) {
  const Index heads = heads_of(c);
  Question q;
  const Tensor& queries = q.operands["q"] = normal({heads, a.rows, c.n}, c.dtype, kSeed);
  const Tensor& keys = q.operands["k"] = normal({heads, a.cols, c.n}, c.dtype, kSeed + 1);
  const Tensor& values = q.operands["v"] = normal({heads, a.cols, c.n}, c.dtype, kSeed + 2);
  const auto size = static_cast<std::size_t>(checked_mul(checked_mul(heads, a.rows, "O"), c.n, "O"));
  q.expected = {{heads, a.rows, c.n}, std::vector<double>(size), std::vector<double>(size), std::vector<double>(size)};
  parallel_for(heads * a.rows, cpu_info().cores, [&](Index first, Index last) {
    std::vector<double> weights;
    for (Index row = first; row < last; ++row) {
      const Index in_q = row / a.rows * a.rows * c.n, in_k = row / a.rows * a.cols * c.n;
      const Head h{queries.as<float>().data() + in_q, keys.as<float>().data() + in_k, values.as<float>().data() + in_k};
      expect_row(a, h, row % a.rows, c, row, weights, q.expected);
    }
  });
  const double each = 4 * static_cast<double>(c.n) * static_cast<double>(heads);
  q.flops = each * static_cast<double>(a.nnz());
  q.dense_flops = each * static_cast<double>(a.rows) * static_cast<double>(a.cols);
  return q;
}

class OwnKernel final : public Contender {
 public:
  explicit OwnKernel(const Job& job)
      : picked_(job.kernel == "plan"), q_(job.operand("q")), k_(job.operand("k")), v_(job.operand("v")),
        o_(TensorType{DType::f32, {static_cast<Index>(job.parameter("heads")), job.a.rows, job.n}}),
        plan_(plan_attention(AttentionMask::pattern(job.a), job.n, job.n, o_.shape()[0], 1,
                             {.threads = job.threads, .dtype = job.dtype, .kernel = picked_ ? "" : job.kernel})) {}
  void run() override { plan_.run(q_, k_, v_, o_.as_mutable<float>().data()); }
  Tensor result() override { return o_; }
  std::string note() override { return picked_ ? "picked " + std::string(plan_.kernel()) : ""; }

 private:
  bool picked_;
  const float *q_, *k_, *v_;
  Tensor o_;
  AttentionPlan plan_;
};
}  // namespace

Operation attention_operation() {
  return {.name = "attention",
          .n = "numbers in a query, a key and a value",
          .dtypes = {DType::f32, DType::bf16},
          .parameters = {{"heads", 1}},
          .ask = ask,
          .kernels = attention_kernels,
          .prepare = [](const Job& job) -> std::unique_ptr<Contender> { return std::make_unique<OwnKernel>(job); }};
}
}  // namespace tulle::lab
