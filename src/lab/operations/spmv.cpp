// y = A x, n = 1. Operand "b": x, k x 1; y is m x 1, f32 (or of peers s32) whatever the type of A.
#include "tulle/spmv.hpp"
#include <cmath>
#include "core/cpu.hpp"
#include "core/threads.hpp"
#include "lab/operations/list.hpp"
#include "lab/values.hpp"

namespace tulle::lab {
namespace {
constexpr unsigned kSeed = 20251203;

/// How far x may be off, each of its elements: in i8 Tulle takes it in fixed point (tulle/spmv.hpp).
double off_of_x(std::span<const float> x, DType dtype) {
  double largest = 0;
  for (const float v : x) largest = std::max(largest, std::abs(double{v}));
  return dtype == DType::i8 ? 0x1p-16 * largest : 0;
}

Expected product(const CsrView& a, std::span<const float> x, DType dtype) {
  const auto size = static_cast<std::size_t>(a.rows);
  const double off = off_of_x(x, dtype);
  Expected e{{a.rows, 1}, std::vector<double>(size), std::vector<double>(size), std::vector<double>(size)};
  parallel_for(a.rows, cpu_info().cores, [&](Index first, Index last) {
    for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
      const auto begin = static_cast<std::size_t>(a.offsets[i]), end = static_cast<std::size_t>(a.offsets[i + 1]);
      double weight = 0;
      for (std::size_t p = begin; p < end; ++p) {
        const double term = double{a.values[p]} * x[static_cast<std::size_t>(a.columns[p])];
        e.values[i] += term, e.sizes[i] += std::abs(term), weight += std::abs(a.values[p]);
      }
      e.bounds[i] = sum_bound(static_cast<Index>(end - begin), e.sizes[i], e.values[i], dtype) + off * weight;
    }
  });
  return e;
}

Question ask(const Case& c, const CsrView& a) {
  if (c.n != 1) throw Error("spmv", "has one vector, n = 1; several are op = \"spmm\" with order = \"tokens\"");
  Question q;
  const Tensor& x = q.operands["b"] = normal({a.cols, 1}, c.dtype, kSeed);
  q.expected = product(a, x.as<float>(), c.dtype);
  q.flops = 2 * static_cast<double>(a.nnz());
  q.dense_flops = 2 * static_cast<double>(a.rows) * static_cast<double>(a.cols);
  return q;
}

class OwnKernel final : public Contender {
 public:
  explicit OwnKernel(const Job& job)
      : picked_(job.kernel == "plan"), x_(job.operand("b"), static_cast<std::size_t>(job.a.cols)),
        y_(TensorType{DType::f32, {job.a.rows, 1}}),
        plan_(plan_spmv(job.a, {.threads = job.threads, .dtype = job.dtype, .cold = job.cold, .kernel = picked_ ? "" : job.kernel})) {}
  void run() override { plan_.run(x_, y_.as_mutable<float>()); }
  Tensor result() override { return y_; }
  std::string note() override { return picked_ ? "picked " + std::string(plan_.kernel()) : ""; }

 private:
  bool picked_;
  std::span<const float> x_;
  Tensor y_;
  SpmvPlan plan_;
};
}  // namespace

Operation spmv_operation() {
  return {.name = "spmv",
          .n = "",
          .dtypes = {DType::f32, DType::bf16, DType::i8},
          .ask = ask,
          .kernels = spmv_kernels,
          .prepare = [](const Job& job) -> std::unique_ptr<Contender> { return std::make_unique<OwnKernel>(job); }};
}
}  // namespace tulle::lab
