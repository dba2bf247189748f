#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/cpu.hpp"
#include "formats/csr.hpp"
#include "kernels/activation.hpp"

namespace tulle::sparse_input {
/// y = act(scale_i sum_p a_ip x_p + bias_i) for one vector x of which only some elements are not 0: the
/// columns of A opposite the others are not read, whatever they hold. x and y are f32, A as its type says
/// (bf16: rounded; i8: whole numbers from -128 to 127). Sums are f32, p rising; those of f32 and bf16 have
/// the bits of spmv's kernels.
struct Problem {
  CsrView a;
  std::span<const float> bias;    ///< a.rows values, or empty
  std::span<const float> scales;  ///< i8: a.rows values, or empty: ones
  Activation activation;
  double nonzeros = 0.1;  ///< expected share of x that is not 0, for cost
};

struct Nonzero {
  std::int32_t column;
  float value;
};

/// A packed weight; immutable, run may be called from many threads at once, on disjoint ranges of blocks of
/// rows.
class Prepared {
 public:
  virtual ~Prepared() = default;
  virtual Index blocks() const = 0;
  /// x: columns rising.
  virtual void run(Index first_block, Index last_block, std::span<const Nonzero> x,
                   float* y) const noexcept = 0;
  virtual std::size_t bytes() const = 0;
};

struct Kernel {
  std::string_view name;
  DType dtype;
  Features needs;
  bool sparse;  ///< false: absent entries of A are stored and multiplied
  std::optional<std::string> (*refuse)(const Problem&);
  double (*cost_us)(const Problem&);
  std::unique_ptr<Prepared> (*prepare)(const Problem&);
};
/// Of f32, bf16 and i8, best first; the references, which refuse nothing but values that do not fit i8, come
/// last.
std::span<const Kernel* const> kernels();
}  // namespace tulle::sparse_input
