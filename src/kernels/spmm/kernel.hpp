#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/cpu.hpp"
#include "kernels/activation.hpp"
#include "tulle/sparse.hpp"

namespace tulle::spmm {
/// C = act(A B + bias + R), row-major: B is a.cols x n, C and R are a.rows x n. Row by row of A, whose
/// entries add rows of B as they lie: for few entries a row, few columns, and graphs.
struct Problem {
  CsrView a;
  std::span<const float> bias;  ///< a.rows values, or empty
  bool residual = false;        ///< R is added before the activation; R may be C itself
  Activation activation;
  Index n = 1;
};

/// Where the operands of one run begin, and the floats from a row of each to its next. Exactly n floats of a
/// row are read or written.
struct Operands {
  const float* b;
  Index b_stride;
  float* c;
  Index c_stride;
  const float* r;
  Index r_stride;
};

/// A packed A. Immutable; run may be called from many threads at once, on disjoint ranges of blocks of rows.
class Prepared {
 public:
  virtual ~Prepared() = default;
  virtual Index blocks() const = 0;  ///< with about as much work each
  /// Serial, allocates nothing; every element of C has the same bits whatever the cut into blocks.
  virtual void run(Index first_block, Index last_block, const Operands&) const noexcept = 0;
  virtual std::size_t bytes() const = 0;
};

struct Kernel {
  std::string_view name;
  Features needs;
  bool sparse = true;
  std::optional<std::string> (*refuse)(const Problem&);
  double (*cost_us)(const Problem&);
  std::unique_ptr<Prepared> (*prepare)(const Problem&);
  DType dtype = DType::f32;  ///< of values and dense operands
};

/// Best first; the last, the reference, accepts everything.
std::span<const Kernel* const> kernels();
}  // namespace tulle::spmm
