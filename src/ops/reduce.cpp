// Reductions over a set of axes: an attribute before opset 18 (ReduceSum: 13), then input 1.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/buffer.hpp"
#include "ops/check.hpp"
#include "ops/list.hpp"
#include "ops/strided.hpp"

namespace tulle::ops {
namespace {
bool axes_are_input(const Call& call) {
  return call.version() >= (call.node.op == "ReduceSum" ? 13 : 18);
}

/// For each dimension whether it is reduced; nullopt while the axes are not known.
std::optional<std::vector<bool>> reduced_axes(const Call& call) {
  std::vector<Index> axes = axes_are_input(call) ? std::vector<Index>() : call.node.ints_attribute("axes");
  if (axes_are_input(call) && call.has(1)) {
    const auto values = integers(call, 1);
    if (!values) return std::nullopt;
    axes = *values;
  }
  const bool all =
      axes.empty() && !(axes_are_input(call) && call.node.int_attribute("noop_with_empty_axes", 0));
  std::vector<bool> reduced(at(call.input(0).rank()), all);
  for (Index axis : require_axes(call, axes, call.input(0).rank())) reduced[at(axis)] = true;
  return reduced;
}

template <class List>
Types infer_reduce(const Call& call) {
  require_type<List>(call, 0);
  const auto reduced = reduced_axes(call);
  if (!reduced) return std::nullopt;
  const bool keep = call.node.int_attribute("keepdims", 1);
  Shape shape;
  for (std::size_t d = 0; d < reduced->size(); ++d)
    if (!(*reduced)[d])
      shape.push_back(call.input(0).shape()[d]);
    else if (keep)
      shape.push_back(1);
  return {{{call.input(0).dtype(), shape}}};
}

/// Long sums in 64 bits; integers wrap around, which unsigned numbers may do.
template <class T>
using Sum = std::conditional_t<kIsFloat<T>, double, std::uint64_t>;
template <class T>
double as_double(Sum<T> s) {
  if constexpr (std::is_signed_v<T> && std::is_integral_v<T>)
    return static_cast<double>(static_cast<Index>(s));
  else
    return static_cast<double>(s);
}

// A reduction: the state State, its value for the empty set, one element more, and the result of n elements.
template <class T>
struct AddUp {
  using State = Sum<T>;
  static State start() { return 0; }
  static void add(State& s, Compute<T> x) { s += static_cast<State>(x); }
  static T result(State s, Index) { return static_cast<T>(s); }
};
template <class T>
struct Average : AddUp<T> {
  static T result(Sum<T> s, Index n) {
    if constexpr (kIsFloat<T>)
      return static_cast<T>(s / static_cast<double>(n));
    else
      return n ? static_cast<T>(static_cast<Accumulator<T>>(s) / static_cast<Accumulator<T>>(n)) : T(0);
  }
};
template <class T>
struct Multiply : AddUp<T> {
  static Sum<T> start() { return 1; }
  static void add(Sum<T>& s, Compute<T> x) { s *= static_cast<Sum<T>>(x); }
};
template <class T>
struct AddAbsolutes : AddUp<T> {
  static void add(Sum<T>& s, Compute<T> x) { s += x < 0 ? -static_cast<Sum<T>>(x) : static_cast<Sum<T>>(x); }
};
template <class T>
struct AddSquares : AddUp<T> {
  static void add(Sum<T>& s, Compute<T> x) { s += static_cast<Sum<T>>(x) * static_cast<Sum<T>>(x); }
};
template <class T>
struct Norm : AddSquares<T> {
  static T result(Sum<T> s, Index) { return converted<T>(std::sqrt(as_double<T>(s))); }
};
template <class T>
struct LogOfSum : AddUp<T> {
  static T result(Sum<T> s, Index) { return converted<T>(std::log(as_double<T>(s))); }
};
/// log(sum(exp(x))) in one pass: the sum is kept relative to the largest x so far.
template <class T>
struct LogOfSumOfExp {
  struct State {
    double largest, sum;
  };
  static State start() { return {-std::numeric_limits<double>::infinity(), 0}; }
  static void add(State& s, Compute<T> value) {
    const double x = static_cast<double>(value);
    if (x == s.largest)
      s.sum += 1;
    else if (x < s.largest)
      s.sum += std::exp(x - s.largest);
    else
      s = {x, s.sum * std::exp(s.largest - x) + 1};
  }
  static T result(State s, Index) { return converted<T>(s.largest + std::log(s.sum)); }
};
template <class T, bool largest>
struct Extreme {
  using State = Compute<T>;
  static State start() {
    using Limits = std::numeric_limits<State>;
    if constexpr (Limits::has_infinity)
      return largest ? -Limits::infinity() : Limits::infinity();
    else
      return largest ? Limits::lowest() : Limits::max();
  }
  static void add(State& s, State x) {
    if (largest ? x > s : x < s)
      s = x;
    else if (x != x)
      s = x;  // NaN wins, as in numpy
  }
  static T result(State s, Index) { return static_cast<T>(s); }
};
template <class T>
using Largest = Extreme<T, true>;
template <class T>
using Smallest = Extreme<T, false>;

/// Strides of the output at the positions of the input: 0 along what is reduced.
Strides output_strides(const Shape& shape, const std::vector<bool>& reduced) {
  Shape kept = shape;
  for (std::size_t d = 0; d < shape.size(); ++d)
    if (reduced[d]) kept[d] = 1;
  Strides strides = dense_strides(kept);
  for (std::size_t d = 0; d < shape.size(); ++d)
    if (reduced[d]) strides[d] = 0;
  return strides;
}

template <class T, class R>
void reduce(const Argument& x, const Result& y, const std::vector<bool>& reduced) {
  using State = typename R::State;
  const std::size_t results = at(y.count());
  Buffer<State> states(results);
  std::ranges::fill(states, R::start());
  const Nest<1> nest(x.shape(), {output_strides(x.shape(), reduced)});
  const Index step = nest.inner_steps()[0];
  nest.for_each_row([&](Index from, const std::array<Index, 1>& to) {
    const T* in = x.as<T>().data() + from;
    State* s = states.data() + to[0];
    if (step == 0) {
      State row = *s;
      for (Index i = 0; i < nest.inner_count(); ++i) R::add(row, static_cast<Compute<T>>(in[i]));
      *s = row;
    } else {
      for (Index i = 0; i < nest.inner_count(); ++i) R::add(s[i * step], static_cast<Compute<T>>(in[i]));
    }
  });
  const Index each = results ? x.count() / y.count() : 0;
  for (std::size_t i = 0; i < results; ++i) y.as<T>()[i] = R::result(states[i], each);
}

template <class List, template <class> class R>
void eval_reduce(const Call& call, std::span<const Result> out) {
  const std::vector<bool> reduced = *reduced_axes(call);
  List::visit(call.input(0).dtype(), [&]<class T>(T) { reduce<T, R<T>>(call.input(0), out[0], reduced); });
}
template <class List, template <class> class R>
constexpr Operator reduction(std::string_view name) {
  return {name, "", 1, 1, 2, infer_reduce<List>, eval_reduce<List, R>};
}
}  // namespace

extern const Operator kReduceL1 = reduction<Numbers, AddAbsolutes>("ReduceL1");
extern const Operator kReduceL2 = reduction<Numbers, Norm>("ReduceL2");
extern const Operator kReduceLogSum = reduction<Numbers, LogOfSum>("ReduceLogSum");
extern const Operator kReduceLogSumExp = reduction<Numbers, LogOfSumOfExp>("ReduceLogSumExp");
extern const Operator kReduceMax = reduction<AnyType, Largest>("ReduceMax");
extern const Operator kReduceMean = reduction<Numbers, Average>("ReduceMean");
extern const Operator kReduceMin = reduction<AnyType, Smallest>("ReduceMin");
extern const Operator kReduceProd = reduction<Numbers, Multiply>("ReduceProd");
extern const Operator kReduceSum = reduction<Numbers, AddUp>("ReduceSum");
extern const Operator kReduceSumSquare = reduction<Numbers, AddSquares>("ReduceSumSquare");
}  // namespace tulle::ops
