// Kernels that read B and write C as they lie.
#include "core/threads.hpp"
#include "kernels/spmm/kernel.hpp"
#include "kernels/spmv/kernel.hpp"
#include "library/product.hpp"

namespace tulle::library {
namespace {
class Rows final : public Product {
 public:
  Rows(const Task& t, std::unique_ptr<const spmm::Prepared> prepared)
      : prepared_(std::move(prepared)), ldb_(t.ldb), ldc_(t.ldc), threads_(t.threads) {}
  void run(const Operands& o, float*) const noexcept override {
    const spmm::Operands operands{o.b, ldb_, o.c, ldc_, o.r, ldc_};
    parallel_for(prepared_->blocks(), threads_,
                 [&](Index first, Index last) { prepared_->run(first, last, operands); });
  }
  std::size_t bytes() const override { return prepared_->bytes(); }

 private:
  std::unique_ptr<const spmm::Prepared> prepared_;
  Index ldb_, ldc_;
  int threads_;
};

class Vectors final : public Product {
 public:
  Vectors(const Task& t, std::unique_ptr<const spmv::Prepared> prepared)
      : prepared_(std::move(prepared)), n_(t.n), x_stride_(t.ldb), y_stride_(t.ldc), threads_(t.threads) {}
  void run(const Operands& o, float*) const noexcept override {
    parallel_for(prepared_->blocks(), threads_, [&](Index first, Index last) {
      prepared_->run(n_, first, last, o.b, x_stride_, o.c, y_stride_, o.r, y_stride_);
    });
  }
  std::size_t bytes() const override { return prepared_->bytes(); }

 private:
  std::unique_ptr<const spmv::Prepared> prepared_;
  Index n_, x_stride_, y_stride_;
  int threads_;
};

/// Columns that lie one after the other: tokens, and the one column of a row-major matrix without gaps.
bool as_vectors(DenseOrder order, Index n, Index ld) {
  return order == DenseOrder::tokens || (n == 1 && order == DenseOrder::row_major && ld == 1);
}

std::optional<std::string> refuse_order(const Task& t) {
  if (t.b_order == DenseOrder::row_major && t.c_order == DenseOrder::row_major) return std::nullopt;
  return "reads and writes row-major matrices only";
}
std::optional<std::string> refuse_vectors(const Task& t) {
  constexpr Index kMost = 8;
  if (t.n > kMost) return "n = " + std::to_string(t.n) + " is more than " + std::to_string(kMost);
  if (!as_vectors(t.b_order, t.n, t.ldb) || !as_vectors(t.c_order, t.n, t.ldc))
    return "reads and writes columns (tokens) only";
  return std::nullopt;
}

template <class Made, class Kernel, class Problem>
Offer offer(const Task& t, const Kernel& kernel, const Problem& p, std::optional<std::string> refusal,
            bool reference) {
  Offer o{.kernel = std::string(kernel.name),
          .needs = kernel.needs,
          .sparse = kernel.sparse,
          .reference = reference,
          .dtype = kernel.dtype,
          .refusal = refusal ? std::move(refusal) : kernel.refuse(p)};
  if (!o.refusal) o.cost_us = kernel.cost_us(p);
  o.prepare = [&t, &kernel, p]() -> std::unique_ptr<Product> {
    return std::make_unique<Made>(t, kernel.prepare(p));
  };
  return o;
}
}  // namespace

void offer_rows(const Task& t, std::vector<Offer>& offers) {
  const spmm::Problem p{t.a, t.bias, t.residual, t.activation, t.n};
  for (const spmm::Kernel* kernel : spmm::kernels())
    offers.push_back(offer<Rows>(t, *kernel, p, refuse_order(t), kernel == spmm::kernels().back()));
}

void offer_vectors(const Task& t, std::vector<Offer>& offers) {
  const spmv::Problem p{
      .a = t.a, .bias = t.bias, .residual = t.residual, .activation = t.activation, .n = t.n};
  for (const spmv::Kernel* kernel : spmv::kernels())
    offers.push_back(offer<Vectors>(t, *kernel, p, refuse_vectors(t), kernel == spmv::kernels().back()));
}
}  // namespace tulle::library
