#pragma once
#include "kernels/spmv/kernel.hpp"
#include "plan/builder.hpp"
#include "plan/decisions.hpp"

namespace tulle::plan {
/// A prepared weight times n row-major vectors that lie one after another.
class VectorProduct {
 public:
  VectorProduct(std::unique_ptr<spmv::Prepared> prepared, const spmv::Problem& p)
      : prepared_(std::move(prepared)), n_(p.n), cols_(p.a.cols), rows_(p.a.rows) {}
  void run(int threads, const float* x, float* y, const float* r) const noexcept;
  std::size_t bytes() const { return prepared_->bytes(); }

 private:
  std::unique_ptr<spmv::Prepared> prepared_;
  Index n_, cols_, rows_;
};

/// The kernel as a contender for the problem: its refusal or its cost; the caller says how it is prepared.
Contender vector_contender(const Builder&, const spmv::Kernel&, const spmv::Problem&);
}  // namespace tulle::plan
