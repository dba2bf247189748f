#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/cpu.hpp"
#include "formats/csr.hpp"
#include "kernels/activation.hpp"

namespace tulle::spmv {
/// y = act(A x + bias + r) for one to a few row-major vectors: x is n x cols, y and r are n x rows, all f32.
///
/// f32 and bf16: every kernel but the reference adds in the order of linear/kernel.hpp, k rising, and gives
/// the bits that those give; in bf16 for A rounded to it, its values being widened exactly. i8: y =
/// act(scale_i sum_p a_ip x_p + bias_i + r), A of whole numbers from -128 to 127, x in fixed point
/// (fixed_point.hpp), the sum exact: every kernel gives the same bits.
struct Problem {
  CsrView a;
  std::span<const float> bias;  ///< a.rows values, or empty
  bool residual = false;
  Activation activation;
  Index n = 1;                    ///< vectors, for choices and cost
  std::span<const float> scales;  ///< i8: a.rows values, or empty: ones
};

/// A packed weight; immutable, run may be called from many threads at once, on disjoint ranges of blocks of
/// rows.
class Prepared {
 public:
  virtual ~Prepared() = default;
  virtual Index blocks() const = 0;
  /// i8: x and x_stride are those of vectors in fixed point.
  virtual void run(Index n, Index first_block, Index last_block, const float* x, Index x_stride, float* y,
                   Index y_stride, const float* r, Index r_stride) const noexcept = 0;
  virtual std::size_t bytes() const = 0;
};

struct Kernel {
  std::string_view name;
  Features needs;
  bool sparse = true;
  std::optional<std::string> (*refuse)(const Problem&);
  double (*cost_us)(const Problem&);
  std::unique_ptr<Prepared> (*prepare)(const Problem&);
  DType dtype = DType::f32;  ///< of A's values
  bool pads = false;         ///< multiplies some absent entries, so that Inf and NaN in x reach other rows
};
/// Those of a type (f32, bf16, i8), best first; the reference, which refuses nothing but values that do not
/// fit i8, comes last.
std::span<const Kernel* const> kernels(DType = DType::f32);
}  // namespace tulle::spmv
