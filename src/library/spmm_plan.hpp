#pragma once
#include "choice/contest.hpp"
#include "core/buffer.hpp"
#include "core/lease.hpp"
#include "library/product.hpp"
#include "tulle/spmm.hpp"

namespace tulle {
namespace library {
/// What the caller lent, kept; alpha is in the values.
struct Kept {
  Csr a;
  std::vector<float> bias, scales;
};

/// Scratch of one run.
struct Scratch {
  explicit Scratch(Index count) : floats(static_cast<std::size_t>(count)) {}
  Buffer<float> floats;
};
}  // namespace library

struct SpmmPlan::Impl {
  library::Kept kept;
  library::Task task;
  float beta = 0;
  bool residual = false;  ///< runs are given one
  std::unique_ptr<const library::Product> product;
  mutable std::unique_ptr<LeasePool<library::Scratch>> scratch;
  choice::Verdict verdict;
  std::string why;
  double break_even = 0, planning_us = 0;

  Index b_floats() const { return extent(task.b_order, task.a.cols, task.n, task.ldb); }
  Index c_floats() const { return extent(task.c_order, task.a.rows, task.n, task.ldc); }
};
}  // namespace tulle
