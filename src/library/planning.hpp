#pragma once
#include "choice/contest.hpp"
#include "core/buffer.hpp"
#include "library/product.hpp"

namespace tulle::library {
/// What the caller of a plan_...() wants beside the operation.
struct Wanted {
  std::string where;   ///< of errors: "convolution"
  std::string kernel;  ///< this one and no other, or empty
  std::string listed;  ///< where the names of all are: "spmm_kernels()"
  DType dtype = DType::f32;
  bool sparse = true, finite = true;
  choice::Effort effort;
  Index b_floats = 0, c_floats = 0;  ///< of operands to time with
  Index entries = 0, possible = 0;   ///< of the matrix: stored, and zeros included
};

struct Planned {
  std::unique_ptr<const Product> product;
  choice::Verdict verdict;
  std::string why;
  double break_even = 0;
};

/// Asks every offer, times the best few on operands of their own, and keeps the fastest.
Planned plan(std::vector<Offer>, const Wanted&);
}  // namespace tulle::library
