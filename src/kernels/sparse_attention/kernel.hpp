#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/cpu.hpp"
#include "kernels/sddmm/kernel.hpp"

namespace tulle::sparse_attention {
/// O = P V for one head, P = softmax(scale Q K^T) over the entries of a mask (Vaswani et al., arXiv
/// 1706.03762; the sparse form: Child et al., arXiv 1904.10509). A query without keys gives zeros. Keys and
/// values that a query does not attend to have no part in its result, be they infinite or not a number.
struct Problem {
  const AttentionMask& mask;
  Index d = 0, d_v = 0;  ///< numbers in a query and key, in a value
  float scale = 1;
};

using sddmm::Rows;
/// One head; o: the d_v floats of result i begin at o + i * o_stride.
struct Head {
  Rows q, k, v;
  float* o;
  Index o_stride;
};

/// A mask made ready. Immutable; run may be called from many threads at once, each with scratch of its own.
class Prepared {
 public:
  virtual ~Prepared() = default;
  /// As in sddmm::Prepared.
  virtual std::span<const Index> work() const = 0;
  virtual Index scratch_floats() const = 0;  ///< that one call of run needs, 64-byte aligned
  /// The results of blocks [first, last).
  virtual void run(const Head&, float* scratch, Index first, Index last) const noexcept = 0;
  virtual std::size_t bytes() const = 0;
};

struct Kernel {
  std::string_view name;
  Features needs;
  std::optional<std::string> (*refuse)(const Problem&);  ///< why not, with the numbers; nullopt: accepts
  double (*cost_us)(const Problem&);                     ///< rough model of one head on one core
  std::unique_ptr<Prepared> (*prepare)(const Problem&);  ///< keeps nothing of the problem
  DType rounds_to = DType::f32;  ///< bf16: numbers of Q, K and V, once read, and weights; sums are f32
};
std::span<const Kernel* const> kernels(DType = DType::f32);  ///< as sddmm::kernels
}  // namespace tulle::sparse_attention
