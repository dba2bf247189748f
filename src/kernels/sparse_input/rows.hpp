#pragma once
#include <vector>

#include "core/bfloat16.hpp"
#include "core/buffer.hpp"
#include "core/checked.hpp"
#include "formats/layout.hpp"
#include "kernels/pointwise/kernel.hpp"
#include "kernels/sparse_input/kernel.hpp"

namespace tulle::sparse_input {
/// What all kernels do with the rows of a block: sums begin at the bias (in i8: at 0, the bias comes with the
/// scale), and end with the activation.
class Ends {
 public:
  Ends(const Problem&, bool scaled, Features isa);
  Index rows() const { return static_cast<Index>(bias_.size()); }
  void begin(Index first, Index count, float* sums) const noexcept;
  /// y[first ..] from sums, of which there are whole vectors of 16.
  void end(Index first, Index count, float* sums, float* y) const noexcept;
  std::size_t bytes() const { return (bias_.size() + scales_.size()) * sizeof(float); }

 private:
  bool scaled_;
  std::vector<float> bias_, scales_;
  Activation activation_;
  pointwise::TileActivation activate_;
};

/// All of A, column by column within panels of `panel` rows: [panel][column][row].
template <class Value>
struct Columns {
  Columns(const Problem&, Index panel);
  Buffer<Value> values;
};
extern template struct Columns<float>;
extern template struct Columns<BFloat16>;
extern template struct Columns<std::int8_t>;

std::optional<std::string> refuse_dense(const Problem&, Index value_bytes);
/// i8: a value that is no whole number of 8 bits.
std::optional<std::string> refuse_values(const Problem&);
/// Microseconds for pieces of `piece` bytes, each somewhere else.
double pieces_us(double bytes, double piece);
}  // namespace tulle::sparse_input
