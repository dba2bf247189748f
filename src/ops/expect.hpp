#pragma once
// More of what infer functions ask of inputs and attributes, and the walks that evaluations share.
#include <algorithm>
#include <initializer_list>

#include "ops/check.hpp"

namespace tulle::ops {
/// "input 1 (f32[2, 3])", for messages.
std::string describe(const Call&, std::size_t input);

inline void require(const Call& call, bool holds, const char* otherwise) {
  if (!holds) call.fail(otherwise);
}
void require_present(const Call&, std::size_t input);
/// Input i is there and of one of these element types.
void require_one_of(const Call&, std::size_t input, std::initializer_list<DType>);
/// Inputs first .. last, where present, have the element type of input `first`, a float.
void require_floats(const Call&, std::size_t first = 0, std::size_t last = 100);
/// Input i, where present, has a rank in [least, most].
void require_rank(const Call&, std::size_t input, Index least, Index most);
/// Input i, where present, has just this shape.
void require_shape(const Call&, std::size_t input, const Shape&);

/// Integer attribute in [least, most].
Index bounded_attribute(const Call&, std::string_view key, Index otherwise, Index least, Index most);
/// String attribute that is one of `allowed`.
std::string chosen_attribute(const Call&, std::string_view key, std::string_view otherwise,
                             std::initializer_list<std::string_view> allowed);

/// The node names output i; output 0 counts as named always.
inline bool wants(const Call& call, std::size_t output) {
  const auto& out = call.node.outputs;
  return output == 0 || (output < out.size() && out[output] != graph::kAbsent);
}
/// As many of these types as the node has outputs, at least one; each is checked for size.
Types first_outputs(const Call&, std::vector<TensorType>);

/// Product of dimensions first .. last - 1.
inline Index count_between(const Shape& shape, Index first, Index last) {
  Index count = 1;
  for (Index i = first; i < last; ++i) count *= shape[at(i)];
  return count;
}
inline Index count_from(const Shape& shape, Index first) {
  return count_between(shape, first, static_cast<Index>(shape.size()));
}

/// The values of a float input as doubles.
std::vector<double> reals(const Argument&);

/// For each element of `to` in row-major order the element of `from` that numpy stretches onto it.
std::vector<Index> broadcast_index(const Shape& from, const Shape& to);

/// Counts through all positions of a shape in row-major order; `at` is the position. No dimension may be 0.
struct Odometer {
  Shape sizes, at;
  explicit Odometer(Shape s) : sizes(std::move(s)), at(sizes.size(), 0) {}
  /// To the next position; false after the last, back at the first.
  bool next() {
    for (std::size_t i = sizes.size(); i-- > 0;) {
      if (++at[i] < sizes[i]) return true;
      at[i] = 0;
    }
    return false;
  }
};
}  // namespace tulle::ops
