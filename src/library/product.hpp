#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/cpu.hpp"
#include "kernels/activation.hpp"
#include "tulle/dense_view.hpp"
#include "tulle/sparse.hpp"

namespace tulle::library {
/// C = act(A B + bias + R), once alpha is in A and beta in R.
struct Task {
  CsrView a;
  Index n = 0;
  DType dtype = DType::f32;       ///< of A and B
  std::span<const float> scales;  ///< of i8
  std::int32_t zero_point = 0;
  DenseOrder b_order = DenseOrder::row_major, c_order = DenseOrder::row_major;
  Index ldb = 0, ldc = 0;  ///< R has C's
  std::span<const float> bias;
  bool residual = false;
  Activation activation;
  int threads = 1;
};

/// Where the operands of one run begin; their ld are the task's. r may be c.
struct Operands {
  const float* b;  ///< or elements of the task's type
  float* c;
  const float* r;
};

/// A task with a prepared A. Immutable; run may be called from many threads at once, each with its own
/// scratch.
class Product {
 public:
  virtual ~Product() = default;
  virtual void run(const Operands&, float* scratch) const noexcept = 0;  ///< over the task's threads
  virtual Index scratch_floats() const { return 0; }
  virtual std::size_t bytes() const = 0;
};

/// A kernel of some family for this task.
struct Offer {
  std::string kernel;
  Features needs = Features::none;
  bool sparse = true, reference = false, pads = false;  ///< pads: multiplies some absent entries
  DType dtype = DType::f32;
  std::optional<std::string> refusal;
  double cost_us = 0;
  std::function<std::unique_ptr<Product>()> prepare;  ///< the task must still be there
};

/// What a family's kernels offer. The task's refusals only: needs and types are the caller's to check.
void offer_tiles(const Task&, std::vector<Offer>&);    ///< linear: tiles of 16 columns
void offer_rows(const Task&, std::vector<Offer>&);     ///< spmm: row by row, row-major
void offer_narrow(const Task&, std::vector<Offer>&);   ///< narrow: tiles in bf16 and i8
void offer_vectors(const Task&, std::vector<Offer>&);  ///< spmv: few columns, as tokens
}  // namespace tulle::library
