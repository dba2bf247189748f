#include "plan/vectors.hpp"
#include "core/threads.hpp"

namespace tulle::plan {
void VectorProduct::run(int threads, const float* x, float* y, const float* r) const noexcept {
  parallel_for(prepared_->blocks(), threads, [&](Index first, Index last) {
    prepared_->run(n_, first, last, x, cols_, y, rows_, r, rows_);
  });
}

Contender vector_contender(const Builder& b, const spmv::Kernel& kernel, const spmv::Problem& problem) {
  const DType precision = b.options().precision;
  Contender c{.kernel = std::string(kernel.name), .sparse = kernel.sparse};
  if (!contains(cpu_features(), kernel.needs))
    c.refusal = "needs " + to_string(kernel.needs);
  else if (kernel.dtype != precision)
    c.refusal = "computes in " + std::string(name(kernel.dtype)) + "; " + std::string(name(precision)) + " was asked for";
  else if (kernel.sparse && &kernel != spmv::kernels().back() && !b.options().sparse)
    c.refusal = "only dense kernels were asked for";
  else
    c.refusal = kernel.refuse(problem);
  if (!c.refusal) c.cost_us = kernel.cost_us(problem);
  return c;
}
}  // namespace tulle::plan
