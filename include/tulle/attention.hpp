#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tulle/attention_mask.hpp"
#include "tulle/kernel_choice.hpp"

namespace tulle {
/// Q, K, V or O of many heads, owned by somebody else: number e of token t of head h of sequence b is
/// data[b * batch_stride + h * head_stride + t * token_stride + e].
template <class T>
struct HeadsOf {
  T* data = nullptr;
  Index batch_stride = 0, head_stride = 0, token_stride = 0;

  /// [batch][heads][tokens][d] and [batch][tokens][heads][d].
  static HeadsOf heads_first(T* data, Index heads, Index tokens, Index d) {
    return {data, heads * tokens * d, tokens * d, d};
  }
  static HeadsOf tokens_first(T* data, Index heads, Index tokens, Index d) {
    return {data, tokens * heads * d, d, heads * d};
  }
};
using HeadsView = HeadsOf<const float>;
using MutableHeadsView = HeadsOf<float>;

struct AttentionOptions {
  int threads = 1;
  float scale = 0;  ///< of the scores; 0: 1 / sqrt(d)
  Index kv_heads =
      0;  ///< that K and V have, a divisor of heads; 0: as many. Query head h uses h * kv_heads / heads.
  /// f32, or bf16: numbers of Q, K and V, once read, and weights may be rounded to it (sums are f32); what
  /// rounds and what does not compete.
  DType dtype = DType::f32;
  std::string kernel;  ///< this one and no other ("sparse_attention/avx512/tiles"); Error with its refusal
};

/// Sparse attention, O = softmax(scale Q K^T) V over the entries of one mask, for all heads of a batch;
/// scores never leave the cache. All operands are f32. A query without keys gives zeros. What a query does
/// not attend to has no part in its result, be it infinite or not a number. Movable; run may be called from
/// many threads at once; the same bits for any number of threads. Error of a result: at most (2 s + (n + 20)
/// 2^-24) sum_j p_j |v_j|, n the keys of the query, p its weights, s the largest error of a score, (d + 6)
/// 2^-24 scale sum_e |q_e k_e|; where bf16 is allowed, s is 2^-7 (1 + 2^-9) scale sum_e |q_e k_e| more, the
/// whole 2^-7 (1 + 2^-9) sum_j p_j |v_j|, and numbers below 2^-126 may count as 0; weights below 2^-126 of
/// the largest are 0.
class AttentionPlan {
 public:
  /// O lies apart from Q, K and V.
  void run(const HeadsView& q, const HeadsView& k, const HeadsView& v, const MutableHeadsView& o) const;
  /// All as [batch][heads][tokens][d].
  void run(const float* q, const float* k, const float* v, float* o) const;

  std::string_view kernel() const;
  std::string why() const;  ///< the choice in words, with the numbers that decided
  std::span<const KernelChoice> candidates() const;
  std::size_t bytes() const;  ///< of the prepared mask

  struct Impl;
  explicit AttentionPlan(std::unique_ptr<const Impl>);
  AttentionPlan(AttentionPlan&&) noexcept;
  AttentionPlan& operator=(AttentionPlan&&) noexcept;
  ~AttentionPlan();

 private:
  std::unique_ptr<const Impl> impl_;
};

/// Asks every kernel, times the best few and keeps the fastest; keeps nothing of the mask.
/// d: numbers in a query and a key; d_v: in a value.
AttentionPlan plan_attention(const AttentionMask&, Index d, Index d_v, Index heads, Index batch,
                             const AttentionOptions& = {});
/// The names of all kernels of a type, whether this CPU has what they need or not.
std::vector<std::string> attention_kernels(DType = DType::f32);
}  // namespace tulle
