// s_ij = <q_i, k_j> at the entries of the matrix, whatever their values. n: numbers in a query and in a key. Operands "q":
// m x n and "k": k x n; the result: one number for each entry, in the matrix's order.
#include "tulle/sddmm.hpp"
#include <cmath>
#include "core/cpu.hpp"
#include "core/threads.hpp"
#include "lab/operations/list.hpp"
#include "lab/values.hpp"

namespace tulle::lab {
namespace {
constexpr unsigned kSeed = 20251203;

Expected scores(const CsrView& a, const float* q, const float* k, const Case& c) {
  const auto size = static_cast<std::size_t>(a.nnz());
  Expected e{{a.nnz()}, std::vector<double>(size), std::vector<double>(size), std::vector<double>(size)};
  parallel_for(a.rows, cpu_info().cores, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i)
      for (auto p = static_cast<std::size_t>(a.offsets[static_cast<std::size_t>(i)]); p < static_cast<std::size_t>(a.offsets[static_cast<std::size_t>(i + 1)]); ++p) {
        for (Index x = 0; x < c.n; ++x) {
          const double term = double{q[i * c.n + x]} * k[a.columns[p] * c.n + x];
          e.values[p] += term, e.sizes[p] += std::abs(term);
        }
        e.bounds[p] = sum_bound(c.n, e.sizes[p], e.values[p], c.dtype);
      }
  });
  return e;
}

Question ask(const Case& c, const CsrView& a) {
  Question q;
  const Tensor& queries = q.operands["q"] = normal({a.rows, c.n}, c.dtype, kSeed);
  const Tensor& keys = q.operands["k"] = normal({a.cols, c.n}, c.dtype, kSeed + 1);
  q.expected = scores(a, queries.as<float>().data(), keys.as<float>().data(), c);
  q.flops = 2 * static_cast<double>(a.nnz()) * static_cast<double>(c.n);
  q.dense_flops = 2 * static_cast<double>(a.rows) * static_cast<double>(a.cols) * static_cast<double>(c.n);
  return q;
}

class OwnKernel final : public Contender {
 public:
  explicit OwnKernel(const Job& job)
      : picked_(job.kernel == "plan"), q_(job.operand("q")), k_(job.operand("k")), values_(TensorType{DType::f32, {job.a.nnz()}}),
        plan_(plan_sddmm(AttentionMask::pattern(job.a), job.n, {.threads = job.threads, .dtype = job.dtype, .kernel = picked_ ? "" : job.kernel})) {}
  void run() override { plan_.run(q_, k_, values_.as_mutable<float>().data()); }
  Tensor result() override { return values_; }
  std::string note() override { return picked_ ? "picked " + std::string(plan_.kernel()) : ""; }

 private:
  bool picked_;
  const float *q_, *k_;
  Tensor values_;
  SddmmPlan plan_;
};
}  // namespace

Operation sddmm_operation() {
  return {.name = "sddmm",
          .n = "numbers in a query and in a key",
          .dtypes = {DType::f32, DType::bf16},
          .ask = ask,
          .kernels = sddmm_kernels,
          .prepare = [](const Job& job) -> std::unique_ptr<Contender> { return std::make_unique<OwnKernel>(job); }};
}
}  // namespace tulle::lab
