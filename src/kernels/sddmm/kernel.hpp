#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/cpu.hpp"
#include "tulle/attention_mask.hpp"
#include "tulle/tensor.hpp"

namespace tulle::sddmm {
/// s_ij = scale <q_i, k_j> for the entries (i, j) of a mask: a sampled dense-dense matrix product.
struct Problem {
  const AttentionMask& mask;
  Index d = 0;  ///< numbers in a query and in a key
  float scale = 1;
  /// Not 0: values of all blocks of this size that hold an entry, whole, in the order of to_bsr(); past the
  /// edges zeros.
  Index block_rows = 0, block_cols = 0;
};

/// Row i of a dense matrix is the d floats from data + i * stride.
struct Rows {
  const float* data;
  Index stride;
  const float* row(Index i) const { return data + i * stride; }
};

/// A mask made ready. Immutable; run may be called from many threads at once, each with scratch of its own.
class Prepared {
 public:
  virtual ~Prepared() = default;
  /// Queries are cut into blocks; number b is the work, in any unit, of the blocks before block b. Every
  /// value has the same bits however blocks are shared out.
  virtual std::span<const Index> work() const = 0;
  virtual Index scratch_floats() const { return 0; }  ///< that one call of run needs, 64-byte aligned
  /// Values of blocks [first, last), in the order that is asked; `values` is the first of all. Reads
  /// only the keys that some query of these blocks attends to, or that lie between them; a value depends on
  /// its own two rows.
  virtual void run(Rows q, Rows k, float* values, float* scratch, Index first, Index last) const noexcept = 0;
  virtual std::size_t bytes() const = 0;
};

struct Kernel {
  std::string_view name;
  Features needs;
  std::optional<std::string> (*refuse)(const Problem&);  ///< why not, with the numbers; nullopt: accepts
  double (*cost_us)(const Problem&);                     ///< rough model of one run on one core
  std::unique_ptr<Prepared> (*prepare)(const Problem&);  ///< keeps nothing of the problem
  DType rounds_to = DType::f32;  ///< bf16: numbers of Q and K, once read; sums are f32
};
/// Best first; the last, the reference, accepts everything. bf16: all that may round, and all that do not, as
/// each entry by itself gains nothing from it. Other types have none.
std::span<const Kernel* const> kernels(DType = DType::f32);
}  // namespace tulle::sddmm
