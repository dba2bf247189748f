// C_i = sum (reduction 0), mean (1) or maximum (2) of a_ij B_j over the entries of row i. n: features of a node. Operand "b":
// k x n; C is m x n.
#include "tulle/aggregate.hpp"
#include <cmath>
#include "core/checked.hpp"
#include "core/cpu.hpp"
#include "core/threads.hpp"
#include "lab/operations/list.hpp"
#include "lab/values.hpp"

namespace tulle::lab {
namespace {
constexpr unsigned kSeed = 20251203;

Reduction reduction_of(const Parameters& parameters) {
  constexpr Reduction kAll[] = {Reduction::sum, Reduction::mean, Reduction::max};
  const double wanted = parameters.find("reduction")->second;
  for (const Reduction r : kAll)
    if (wanted == static_cast<double>(r)) return r;
  throw Error("aggregate", "reduction is " + std::to_string(wanted) + "; want 0 (sum), 1 (mean) or 2 (max)");
}

/// Row i of C in f64, with what its errors are measured by.
void reduce(const CsrView& a, const float* b, Index n, Index i, Reduction reduction, Expected& e) {
  const Index begin = a.offsets[static_cast<std::size_t>(i)], end = a.offsets[static_cast<std::size_t>(i + 1)];
  for (Index j = 0; j < n; ++j) {
    double sum = 0, size = 0, top = end > begin ? -INFINITY : 0;
    for (Index p = begin; p < end; ++p) {
      const double term = double{a.values[static_cast<std::size_t>(p)]} * b[a.columns[static_cast<std::size_t>(p)] * n + j];
      sum += term, size += std::abs(term), top = std::max(top, term);
    }
    const double entries = reduction == Reduction::mean ? static_cast<double>(std::max<Index>(1, end - begin)) : 1;
    const auto at = static_cast<std::size_t>(i * n + j);
    e.values[at] = reduction == Reduction::max ? top : sum / entries;
    e.sizes[at] = size / entries;
    e.bounds[at] = sum_bound(end - begin + 1, e.sizes[at], e.values[at], DType::f32);
  }
}

Question ask(const Case& c, const CsrView& a) {
  Question q;
  const Tensor& b = q.operands["b"] = normal({a.cols, c.n}, c.dtype, kSeed);
  const auto size = static_cast<std::size_t>(checked_mul(a.rows, c.n, "C"));
  const Reduction reduction = reduction_of(c.parameters);
  q.expected = {{a.rows, c.n}, std::vector<double>(size), std::vector<double>(size), std::vector<double>(size)};
  parallel_for(a.rows, cpu_info().cores, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) reduce(a, b.as<float>().data(), c.n, i, reduction, q.expected);
  });
  q.flops = 2 * static_cast<double>(a.nnz()) * static_cast<double>(c.n);
  q.dense_flops = 2 * static_cast<double>(a.rows) * static_cast<double>(a.cols) * static_cast<double>(c.n);
  return q;
}

class OwnKernel final : public Contender {
 public:
  explicit OwnKernel(const Job& job)
      : picked_(job.kernel == "plan"), b_(job.operand("b")), c_(TensorType{DType::f32, {job.a.rows, job.n}}),
        plan_(plan_aggregate(job.a, job.n, {.threads = job.threads, .reduction = reduction_of(job.parameters), .kernel = picked_ ? "" : job.kernel})) {}
  void run() override { plan_.run(b_, c_.as_mutable<float>().data()); }
  Tensor result() override { return c_; }
  std::string note() override { return picked_ ? "picked " + std::string(plan_.kernel()) : ""; }

 private:
  bool picked_;
  const float* b_;
  Tensor c_;
  AggregatePlan plan_;
};
}  // namespace

Operation aggregate_operation() {
  return {.name = "aggregate",
          .n = "features of a node",
          .parameters = {{"reduction", 0}},
          .ask = ask,
          .kernels = [](DType) { return aggregate_kernels(); },
          .prepare = [](const Job& job) -> std::unique_ptr<Contender> { return std::make_unique<OwnKernel>(job); }};
}
}  // namespace tulle::lab
