#pragma once
#include "core/buffer.hpp"
#include "core/lease.hpp"
#include "library/planning.hpp"
#include "tulle/spmm.hpp"

namespace tulle {
namespace library {
/// What the caller lent, kept; alpha is in the values.
struct Kept {
  Csr a;
  std::vector<float> bias, scales;
};
}  // namespace library

struct SpmmPlan::Impl {
  library::Kept kept;
  library::Task task;
  float beta = 0;
  bool residual = false;  ///< runs are given one
  library::Planned planned;
  mutable std::unique_ptr<LeasePool<Buffer<float>>> scratch;  ///< of one run each
  double planning_us = 0;

  Index b_floats() const { return extent(task.b_order, task.a.cols, task.n, task.ldb); }
  Index c_floats() const { return extent(task.c_order, task.a.rows, task.n, task.ldc); }
};
}  // namespace tulle
