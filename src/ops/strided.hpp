#pragma once
#include <algorithm>
#include <array>
#include <cstring>

#include "core/checked.hpp"
#include "ops/element.hpp"
// Loops over a row-major output whose N operands step through memory with any strides, as rows of an inner
// loop.
namespace tulle::ops {
using Strides = Shape;  ///< elements from one position to the next, one for each dimension

/// Strides of a dense row-major tensor of this shape.
inline Strides dense_strides(const Shape& shape) {
  Strides strides(shape.size());
  std::uint64_t step = 1;  // may wrap around where the tensor has no elements; no loop runs then
  for (std::size_t d = shape.size(); d-- > 0; step *= static_cast<std::uint64_t>(shape[d]))
    strides[d] = static_cast<Index>(step);
  return strides;
}

/// A loop nest with as few loops as the strides allow: dimensions of size 1 vanish, neighbours that every
/// operand steps through as one are merged. (What numpy's nditer does.)
template <std::size_t N>
class Nest {
 public:
  Nest(const Shape& shape, const std::array<Strides, N>& strides) : empty_(std::ranges::count(shape, 0) > 0) {
    if (empty_) return;
    for (std::size_t d = 0; d < shape.size(); ++d) {
      if (shape[d] == 1) continue;
      Loop loop{shape[d], {}};
      for (std::size_t k = 0; k < N; ++k) loop.steps[k] = strides[k][d];
      if (!loops_.empty() && merges(loops_.back(), loop))
        loop.count *= loops_.back().count, loops_.pop_back();
      loops_.push_back(loop);
    }
    if (loops_.empty()) loops_.push_back({1, {}});
    inner_ = loops_.back();
    loops_.pop_back();
  }
  Index inner_count() const { return inner_.count; }
  const std::array<Index, N>& inner_steps() const { return inner_.steps; }

  /// body(first position in the output, first position in each operand), once for each row of inner_count().
  template <class Body>
  void for_each_row(const Body& body) const {
    if (empty_) return;
    std::array<Index, N> at{};
    std::vector<Index> turn(loops_.size(), 0);
    for (Index out = 0;; out += inner_.count) {
      body(out, at);
      std::size_t d = loops_.size();
      while (d > 0 && !advance(d - 1, at, turn)) --d;
      if (d == 0) return;
    }
  }

 private:
  struct Loop {
    Index count;
    std::array<Index, N> steps;
  };
  static bool merges(const Loop& outer, const Loop& inner) {
    for (std::size_t k = 0; k < N; ++k)
      if (outer.steps[k] != inner.steps[k] * inner.count) return false;
    return true;
  }
  /// Steps loop d; false when it is done and stands at its start again.
  bool advance(std::size_t d, std::array<Index, N>& at, std::vector<Index>& turn) const {
    const bool more = ++turn[d] < loops_[d].count;
    for (std::size_t k = 0; k < N; ++k) at[k] += loops_[d].steps[k] * (more ? 1 : 1 - loops_[d].count);
    if (!more) turn[d] = 0;
    return more;
  }

  std::vector<Loop> loops_;
  Loop inner_{};
  bool empty_;
};

/// The dense tensor `out` of this shape from elements of `in`, which steps by `strides`.
template <class T>
void copy_strided(const T* in, const Shape& shape, const Strides& strides, T* out) {
  const Nest<1> nest(shape, {strides});
  const Index count = nest.inner_count(), step = nest.inner_steps()[0];
  nest.for_each_row([&](Index to, const std::array<Index, 1>& from) {
    const T* source = in + from[0];
    if (step == 1)
      std::memcpy(out + to, source, static_cast<std::size_t>(count) * sizeof(T));
    else
      for (Index i = 0; i < count; ++i) out[to + i] = source[i * step];
  });
}
/// The reverse: elements of dense `in` to where `out` steps by `strides`.
template <class T>
void scatter_strided(const T* in, const Shape& shape, const Strides& strides, T* out) {
  const Nest<1> nest(shape, {strides});
  const Index count = nest.inner_count(), step = nest.inner_steps()[0];
  nest.for_each_row([&](Index from, const std::array<Index, 1>& to) {
    T* target = out + to[0];
    for (Index i = 0; i < count; ++i) target[i * step] = in[from + i];
  });
}
}  // namespace tulle::ops
