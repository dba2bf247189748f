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
/// y = act(A x + bias + r) for one to a few row-major vectors: x is n x cols, y and r are n x rows. Every
/// kernel but the reference adds in the order of linear/kernel.hpp, k rising, and gives the bits that those
/// give.
struct Problem {
  CsrView a;
  std::span<const float> bias;  ///< a.rows values, or empty
  bool residual = false;
  Activation activation;
  Index n = 1;  ///< vectors, for choices and cost
};

/// A packed weight; immutable, run may be called from many threads at once, on disjoint ranges of blocks of
/// rows.
class Prepared {
 public:
  virtual ~Prepared() = default;
  virtual Index blocks() const = 0;
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
  DType dtype = DType::f32;  ///< of values and activations
};
std::span<const Kernel* const> kernels();
}  // namespace tulle::spmv
