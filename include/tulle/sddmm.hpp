#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tulle/attention_mask.hpp"
#include "tulle/dense_view.hpp"
#include "tulle/kernel_choice.hpp"

namespace tulle {
struct SddmmOptions {
  int threads = 1;
  float scale = 1;
  /// f32, or bf16: numbers of Q and K may be rounded to it, once read; what rounds and what does not compete.
  DType dtype = DType::f32;
  /// Not 0, 1 to 256: values of all blocks of this size that hold an entry, each whole, in the order of
  /// to_bsr(); what lies past the edges of the mask is 0. Blocks of multiples of 8 x 16 are fast, and of 16 x
  /// 16 in bf16.
  Index block_rows = 0, block_cols = 0;
  std::string kernel;  ///< this one and no other ("sddmm/avx512/tiles"); Error with its refusal
};

/// A sampled dense-dense matrix product: scale <q_i, k_j> for the entries (i, j) of one mask. Q and K are
/// f32, row-major. Movable; run may be called from many threads at once; the same bits for any number of
/// threads. Error of a value: at most (d + 2) 2^-24 scale sum_e |q_ie k_je|; where bf16 is allowed, that and
/// 2^-7 (1 + 2^-9) scale sum_e |q_ie k_je|, and numbers below 2^-126 may count as 0. Pairs that are no entry
/// have no part in anything.
class SddmmPlan {
 public:
  /// values: size() of them, in the order of mask.to_csr() unless the options say otherwise, apart from Q and
  /// K.
  void run(DenseView q, DenseView k, float* values) const;
  void run(const float* q, const float* k, float* values) const;  ///< without gaps between rows

  Index size() const;
  std::string_view kernel() const;
  std::string why() const;  ///< the choice in words, with the numbers that decided
  std::span<const KernelChoice> candidates() const;
  std::size_t bytes() const;  ///< of the prepared mask

  struct Impl;
  explicit SddmmPlan(std::unique_ptr<const Impl>);
  SddmmPlan(SddmmPlan&&) noexcept;
  SddmmPlan& operator=(SddmmPlan&&) noexcept;
  ~SddmmPlan();

 private:
  std::unique_ptr<const Impl> impl_;
};

/// Asks every kernel, times the best few and keeps the fastest; keeps nothing of the mask. d: numbers in a
/// row of Q and of K, 0 included. For a CSR matrix: plan_sddmm(AttentionMask::pattern(a), d).
SddmmPlan plan_sddmm(const AttentionMask&, Index d, const SddmmOptions& = {});
/// The names of all kernels of a type, whether this CPU has what they need or not.
std::vector<std::string> sddmm_kernels(DType = DType::f32);
}  // namespace tulle
