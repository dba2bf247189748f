// C = A B. n: columns of B. Operand "b": k x n, for tokens n x k; C is m x n, or n x m.
#include "tulle/spmm.hpp"
#include <algorithm>
#include <cstring>
#include "core/bfloat16.hpp"
#include "core/buffer.hpp"
#include "core/checked.hpp"
#include "core/cpu.hpp"
#include "core/threads.hpp"
#include "lab/operations/list.hpp"
#include "lab/values.hpp"

namespace tulle::lab {
namespace {
constexpr unsigned kSeed = 20251203;

DenseOrder order_of(const std::string& name) {
  if (name == "tokens") return DenseOrder::tokens;
  return name == "panels" ? DenseOrder::panels : DenseOrder::row_major;
}

/// Element (i, j) of C and (p, j) of B in the files of a case.
struct Places {
  bool tokens;
  Index rows, n;
  std::size_t operator()(Index i, Index j) const { return static_cast<std::size_t>(tokens ? j * rows + i : i * n + j); }
};

Expected product(const CsrView& a, std::span<const float> b, const Case& c) {
  const bool tokens = c.order == "tokens";
  const Places in_b{tokens, a.cols, c.n}, in_c{tokens, a.rows, c.n};
  const auto size = static_cast<std::size_t>(checked_mul(a.rows, c.n, "C"));
  Expected e{tokens ? Shape{c.n, a.rows} : Shape{a.rows, c.n}, std::vector<double>(size), std::vector<double>(size), std::vector<double>(size)};
  parallel_for(a.rows, cpu_info().cores, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) {
      const Index begin = a.offsets[static_cast<std::size_t>(i)], end = a.offsets[static_cast<std::size_t>(i + 1)];
      for (Index p = begin; p < end; ++p) {
        const double value = a.values[static_cast<std::size_t>(p)];
        const Index column = a.columns[static_cast<std::size_t>(p)];
        for (Index j = 0; j < c.n; ++j) {
          const double term = value * b[in_b(column, j)];
          e.values[in_c(i, j)] += term, e.sizes[in_c(i, j)] += std::abs(term);
        }
      }
      for (Index j = 0; j < c.n; ++j) e.bounds[in_c(i, j)] = sum_bound(end - begin, e.sizes[in_c(i, j)], e.values[in_c(i, j)], c.dtype);
    }
  });
  return e;
}

Question ask(const Case& c, const CsrView& a) {
  Question q;
  const Tensor& b = q.operands["b"] = normal(c.order == "tokens" ? Shape{c.n, a.cols} : Shape{a.cols, c.n}, c.dtype, kSeed);
  q.expected = product(a, b.as<float>(), c);
  q.flops = 2 * static_cast<double>(a.nnz()) * static_cast<double>(c.n);
  q.dense_flops = 2 * static_cast<double>(a.rows) * static_cast<double>(a.cols) * static_cast<double>(c.n);
  return q;
}

// Element (i, j) of a k x n matrix in panels of 16 columns.
std::size_t in_panels(Index i, Index j, Index k) {
  constexpr Index kLanes = 16;
  return static_cast<std::size_t>(j / kLanes * kLanes * k + i * kLanes + j % kLanes);
}

class OwnKernel final : public Contender {
 public:
  explicit OwnKernel(const Job& job)
      : job_(job), order_(order_of(job.order)), b_(floats(job.a.cols)), c_(floats(job.a.rows)), plan_(make_plan(job, order_)) {
    const float* b = job.operand("b");
    for (Index i = 0; i < job.a.cols; ++i)
      for (Index j = 0; j < job.n && order_ == DenseOrder::panels; ++j) b_[in_panels(i, j, job.a.cols)] = b[i * job.n + j];
    if (order_ != DenseOrder::panels) std::copy_n(b, job.a.cols * job.n, b_.data());
    narrow_b();
  }
  void run() override {
    plan_.run(DenseView{b_.data(), job_.a.cols, job_.n, natural_ld(order_, job_.a.cols, job_.n)},
              MutableDenseView{c_.data(), job_.a.rows, job_.n, natural_ld(order_, job_.a.rows, job_.n)});
  }

  Tensor result() override {
    Tensor out(TensorType{DType::f32, job_.tokens() ? Shape{job_.n, job_.a.rows} : Shape{job_.a.rows, job_.n}});
    const auto to = out.as_mutable<float>();
    for (std::size_t i = 0; i < to.size(); ++i)
      to[i] = order_ == DenseOrder::panels ? c_[in_panels(static_cast<Index>(i) / job_.n, static_cast<Index>(i) % job_.n, job_.a.rows)] : c_[i];
    return out;
  }
  std::string note() override { return job_.kernel == "plan" ? "picked " + std::string(plan_.kernel()) : ""; }

 private:
  static SpmmPlan make_plan(const Job& job, DenseOrder order) {
    return plan_spmm(job.a, job.n, {.threads = job.threads, .dtype = job.dtype, .b_order = order, .c_order = order, .cold = job.cold,
                                    .kernel = job.kernel == "plan" ? "" : job.kernel});
  }
  /// B's floats are numbers of the type already: in place, as narrow as it is.
  void narrow_b() {
    auto* bytes = reinterpret_cast<std::byte*>(b_.data());
    for (std::size_t i = 0; i < b_.size(); ++i) {
      const BFloat16 half(b_[i]);
      const auto whole = static_cast<std::int8_t>(job_.dtype == DType::i8 ? b_[i] : 0);
      if (job_.dtype == DType::bf16) std::memcpy(bytes + 2 * i, &half, sizeof half);
      if (job_.dtype == DType::i8) std::memcpy(bytes + i, &whole, sizeof whole);
    }
  }
  std::size_t floats(Index rows) const { return static_cast<std::size_t>(extent(order_, rows, job_.n, natural_ld(order_, rows, job_.n))); }

  const Job& job_;
  const DenseOrder order_;
  const Buffer<float> b_, c_;
  SpmmPlan plan_;
};
}  // namespace

Operation spmm_operation() {
  return {.name = "spmm",
          .n = "columns of B",
          .dtypes = {DType::f32, DType::bf16, DType::i8},
          .orders = {"row_major", "tokens", "panels"},
          .parameters = {},
          .ask = ask,
          .kernels = spmm_kernels,
          .prepare = [](const Job& job) -> std::unique_ptr<Contender> { return std::make_unique<OwnKernel>(job); }};
}
}  // namespace tulle::lab
