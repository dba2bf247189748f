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
/// What is wanted of y = act(A x + bias) for an x of which most is 0, and other elements each time (what ReLU
/// and gates leave of a layer's activations): A m x k, dense or sparse, x of k numbers, y of m, all f32.
struct SparseInputOptions {
  int threads = 1;
  double zeros = 0.9;        ///< share of x that is expected to be 0; runs with another share are right too
  DType dtype = DType::f32;  ///< how A is stored; bf16: rounded; i8: whole numbers from -128 to 127
  std::span<const float> scales;  ///< i8: one per row of A, or empty: ones; copied
  bool cold = false;              ///< A is no longer in the cache when a run begins, as in a large model
  std::span<const float> bias;    ///< one per row of A, or empty; copied
  Activation activation;
  std::string kernel;  ///< this one and no other ("sparse_input/avx512/columns"); Error with its refusal
};

/// A product of one matrix with vectors that are mostly 0. Movable; run may be called from many threads at
/// once, allocates nothing unless more runs overlap than ever before, and gives the same bits for any number
/// of threads. Error of an element: at most (n + 4) 2^-24 (scale_i sum_p |a_ip x_p| + |bias|) for an x of n
/// numbers that are not 0, A being as it is stored, then the activation's. What A holds opposite a zero of x
/// does not count, unless a kernel that reads all of A was faster; A is taken to be finite.
class SparseInputPlan {
 public:
  /// Lengths must be those of the plan; y must lie apart from x.
  void run(std::span<const float> x, std::span<float> y) const;

  std::string_view kernel() const;
  std::string why() const;  ///< the choice in words: numbers that decided, what planning took
  std::span<const KernelChoice> candidates() const;  ///< sparse: reads only the columns that count
  double break_even()
      const;  ///< share of zeros in x from which skipping columns is expected to win; 0: unknown
  double planning_us() const;  ///< that plan_sparse_input took, preparing included
  std::size_t bytes() const;   ///< of the prepared A

  struct Impl;
  explicit SparseInputPlan(std::unique_ptr<const Impl>);
  SparseInputPlan(SparseInputPlan&&) noexcept;
  SparseInputPlan& operator=(SparseInputPlan&&) noexcept;
  ~SparseInputPlan();

 private:
  std::unique_ptr<const Impl> impl_;
};

/// Checks A (an Error with row and numbers), times kernels that read only the columns that count, from A
/// stored dense and compressed, and for f32 and bf16 those of `tulle/spmv.hpp`, which read all of A and give
/// the same bits, on an x with as many zeros as expected, and keeps the fastest.
SparseInputPlan plan_sparse_input(const CsrView& a, const SparseInputOptions& = {});

/// The names of all kernels of a type, whether this CPU has what they need or not.
std::vector<std::string> sparse_input_kernels(DType = DType::f32);
}  // namespace tulle
