#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tulle/activation.hpp"
#include "tulle/kernel_choice.hpp"
#include "tulle/sparse.hpp"

namespace tulle {
/// What is wanted of y = act(A x + bias + r): A sparse m x k, x of k numbers, y and r of m, all f32.
struct SpmvOptions {
  int threads = 1;
  /// How A is stored. bf16: rounded to it (nearest even), the rest as in f32. i8: A holds whole numbers from -128 to
  /// 127, y = act(scale_i sum_p a_ip x_p + bias + r); each run takes x in fixed point of 16 bits, which moves every
  /// x_p by at most 2^-16 max |x|, and the sum is exact.
  DType dtype = DType::f32;
  std::span<const float> scales;  ///< i8: one per row of A, or empty: ones; copied
  bool cold = false;            ///< A is no longer in the cache when a run begins, as in a large model
  bool sparse = true;           ///< false: dense kernels only, the baseline of comparisons
  /// x holds neither Inf nor NaN; false: kernels that multiply absent entries refuse. In i8 an Inf or NaN in x makes
  /// all of y NaN, and false is an Error.
  bool finite = true;
  std::span<const float> bias;  ///< one per row of A, or empty; copied
  bool residual = false;        ///< runs are given r; it may be y itself
  Activation activation;
  std::string kernel;  ///< this one and no other ("spmv/avx512/sell16"); Error with its refusal
};

/// A product of one matrix with vectors, one at a time (`tulle/spmm.hpp` takes several at once). Movable; run
/// may be called from many threads at once, allocates nothing, and gives the same bits for any number of
/// threads. Error of an element: at most (nnz_i + 4) 2^-24 (sum_p |a_ip x_p| + |bias| + |r|), A being as it is
/// stored, then the activation's; in i8 |scale_i| 2^-16 max |x| sum_p |a_ip| + 2^-22 (|y| + |bias| + |r|).
class SpmvPlan {
 public:
  /// Lengths must be those of the plan; y must lie apart from x.
  void run(std::span<const float> x, std::span<float> y, std::span<const float> residual = {}) const;

  std::string_view kernel() const;
  std::string why() const;  ///< the choice in words: numbers that decided, what planning took
  std::span<const KernelChoice> candidates() const;
  double break_even() const;   ///< fraction of zeros from which sparse is expected to win; 0: unknown, or any
  double planning_us() const;  ///< that plan_spmv took, preparing included
  std::size_t bytes() const;   ///< of the prepared A

  struct Impl;
  explicit SpmvPlan(std::unique_ptr<const Impl>);
  SpmvPlan(SpmvPlan&&) noexcept;
  SpmvPlan& operator=(SpmvPlan&&) noexcept;
  ~SpmvPlan();

 private:
  std::unique_ptr<const Impl> impl_;
};

/// Checks A (an Error with row and numbers), asks every kernel, times the best few as they will run, a dense
/// one among them unless it would take more than 2 GiB, and keeps the fastest. Nothing of A is kept but what
/// the kernel packed.
SpmvPlan plan_spmv(const CsrView& a, const SpmvOptions& = {});

/// The names of all kernels of a type, whether this CPU has what they need or not.
std::vector<std::string> spmv_kernels(DType = DType::f32);
}  // namespace tulle
