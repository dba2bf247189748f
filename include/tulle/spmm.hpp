#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tulle/activation.hpp"
#include "tulle/dense_view.hpp"
#include "tulle/kernel_choice.hpp"
#include "tulle/sparse.hpp"

namespace tulle {
/// What is wanted of C = act(alpha A B + beta C + bias + R): A sparse m x k, B dense k x n, C and R dense m x
/// n.
struct SpmmOptions {
  int threads = 1;
  /// Of A and B; C, bias and R are f32. bf16: A is rounded to it, sums are f32. i8: A holds whole numbers
  /// from -128 to 127, sums are exact, C = act(alpha scale_i (sum_p a_ip (b_pj - zero_point)) + beta C +
  /// bias_i + R). These two pack B in every run, whatever its order.
  DType dtype = DType::f32;
  std::span<const float> scales;  ///< i8: one per row of C, or empty: ones; copied
  std::int32_t zero_point = 0;    ///< i8: of B, -128 to 127
  DenseOrder b_order = DenseOrder::row_major, c_order = DenseOrder::row_major;
  Index ldb = 0, ldc = 0;  ///< that runs will have; 0: natural_ld. A run with others is right too, but copies
  bool cold = false;       ///< A is no longer in the cache when a run begins, as in a large model
  bool sparse = true;      ///< false: dense kernels only, the baseline of comparisons
  bool thorough = false;   ///< times every kernel that comes near, dense always: for reports, not for use
  bool finite = true;  ///< B holds neither Inf nor NaN; false: kernels that multiply absent entries refuse
  float alpha = 1;     ///< multiplied into A's values by the plan; 0: A counts as empty
  float beta = 0;      ///< 0: the old C is not read
  std::span<const float> bias;  ///< one per row of C, or empty; copied
  bool residual = false;        ///< runs are given R, of C's order; it may be C itself
  Activation activation;
  std::string kernel;  ///< this one and no other ("spmm/avx512/rows"); Error with its refusal
};

/// A product with one matrix A and one n, ready to run. Movable; run may be called from many threads at once.
/// Error of an element: at most (nnz_i + 4) 2^-24 (sum_p |alpha a_ip b_pj| + |beta c| + |bias| + |r|), then
/// the activation's. NaN and infinities go through as IEEE 754 has them; see SpmmOptions::finite for those in
/// B opposite an absent entry.
class SpmmPlan {
 public:
  /// Shapes must be those of the plan; C must lie apart from A and B. Allocates nothing, unless more runs
  /// overlap than ever before or an ld is not the one planned for.
  void run(DenseView b, MutableDenseView c, DenseView residual = {}) const;
  /// The same where both have their natural ld (or the ones of the options).
  void run(const float* b, float* c, const float* residual = nullptr) const;  ///< B of f32

  std::string_view kernel() const;
  /// The choice in words: numbers that decided, from how many zeros sparse pays, what planning took.
  std::string why() const;
  std::span<const KernelChoice> candidates() const;
  double break_even() const;   ///< fraction of zeros from which sparse is expected to win; 0: unknown, or any
  double planning_us() const;  ///< that plan_spmm took, preparing included
  std::size_t bytes() const;   ///< of the prepared A

  struct Impl;
  explicit SpmmPlan(std::unique_ptr<const Impl>);
  SpmmPlan(SpmmPlan&&) noexcept;
  SpmmPlan& operator=(SpmmPlan&&) noexcept;
  ~SpmmPlan();

 private:
  std::unique_ptr<const Impl> impl_;
};

/// Checks A (an Error with row and numbers), asks every kernel, times those that their cost models put near
/// the front as they will run, and keeps the fastest. A is copied. n = 0 and empty matrices are welcome.
SpmmPlan plan_spmm(const CsrView& a, Index n, const SpmmOptions& = {});

/// The names of all kernels of a type, whether this CPU has what they need or not.
std::vector<std::string> spmm_kernels(DType = DType::f32);
}  // namespace tulle
