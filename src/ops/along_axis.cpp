// Operators that work along one axis: ArgMax, ArgMin, TopK, CumSum, CumProd, ReverseSequence.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "ops/check.hpp"
#include "ops/list.hpp"

namespace tulle::ops {
namespace {
/// A tensor seen as outer x size x inner, size being the axis: element (o, i, n) is at (o * size + i) * inner
/// + n.
struct Lanes {
  Index outer, size, inner;
  Lanes(const Shape& shape, Index axis)
      : outer(product(shape, 0, axis)),
        size(shape[at(axis)]),
        inner(product(shape, axis + 1, static_cast<Index>(shape.size()))) {}
  /// body(position of the lane's first element); its elements are `inner` apart.
  template <class Body>
  void for_each(const Body& body) const {
    for (Index o = 0; o < outer && size > 0; ++o)
      for (Index n = 0; n < inner; ++n) body(o * size * inner + n);
  }
};
Index axis_of(const Call& call, Index otherwise) {
  return require_axis(call, call.node.int_attribute("axis", otherwise), call.input(0).rank());
}

Types infer_arg(const Call& call) {
  require_type<Numbers>(call, 0);
  const Index axis = axis_of(call, 0);
  Shape shape = call.input(0).shape();
  if (shape[at(axis)] == 0) call.fail("looks for an extreme among no elements of " + to_string(shape));
  if (call.node.int_attribute("keepdims", 1))
    shape[at(axis)] = 1;
  else
    shape.erase(shape.begin() + axis);
  return {{{DType::i64, shape}}};
}
/// The first of the best, or the last; `better` says whether x beats the best so far.
template <class Better>
void eval_arg(const Call& call, const Result& out, const Better& better) {
  const Lanes lanes(call.input(0).shape(), axis_of(call, 0));
  const bool last = call.version() >= 12 && call.node.int_attribute("select_last_index", 0);
  Index* result = out.as<Index>().data();
  Numbers::visit(call.input(0).dtype(), [&]<class T>(T) {
    const T* x = call.input(0).as<T>().data();
    lanes.for_each([&](Index first) {
      Index best = 0;
      auto value = static_cast<Compute<T>>(x[first]);
      for (Index i = 1; i < lanes.size; ++i) {
        const auto candidate = static_cast<Compute<T>>(x[first + i * lanes.inner]);
        if (better(candidate, value) || (last && candidate == value)) best = i, value = candidate;
      }
      *result++ = best;
    });
  });
}
void eval_arg_max(const Call& call, std::span<const Result> out) {
  eval_arg(call, out[0], [](auto x, auto best) { return x > best; });
}
void eval_arg_min(const Call& call, std::span<const Result> out) {
  eval_arg(call, out[0], [](auto x, auto best) { return x < best; });
}

/// k of TopK: an attribute before opset 10, then input 1.
std::optional<Index> top_count(const Call& call) {
  if (call.version() < 10) return call.node.int_attribute("k", -1);
  return integer(call, 1);
}
Types infer_top_k(const Call& call) {
  require_type<Numbers>(call, 0);
  const Index axis = axis_of(call, -1);
  Shape shape = call.input(0).shape();
  const auto k = top_count(call);
  if (!k) return std::nullopt;
  if (*k < 0 || *k > shape[at(axis)])
    call.fail("wants the top " + std::to_string(*k) + " of " + std::to_string(shape[at(axis)]));
  shape[at(axis)] = *k;
  return {{{call.input(0).dtype(), shape}, {DType::i64, shape}}};
}
void eval_top_k(const Call& call, std::span<const Result> out) {
  const Index axis = axis_of(call, -1), k = out[0].type.shape[at(axis)];
  const Lanes lanes(call.input(0).shape(), axis), kept(out[0].type.shape, axis);
  const bool largest = call.version() < 11 || call.node.int_attribute("largest", 1);
  if (k == 0 || out[0].count() == 0) return;
  std::vector<Index> order(at(lanes.size));
  Numbers::visit(call.input(0).dtype(), [&]<class T>(T) {
    Index done = 0;
    lanes.for_each([&](Index first) {
      const T* x = call.input(0).as<T>().data() + first;
      const auto value = [&](Index i) { return static_cast<Compute<T>>(x[i * lanes.inner]); };
      // Equal elements (and NaN, which no order holds) keep the order of their positions. NaN counts as
      // largest.
      const auto before = [&](Index i, Index j) {
        const auto a = value(i), b = value(j);
        if (a != b && (a == a || b == b)) return largest ? a > b || a != a : a < b || b != b;
        return i < j;
      };
      std::iota(order.begin(), order.end(), Index{0});
      std::partial_sort(order.begin(), order.begin() + k, order.end(), before);
      const Index to = done / lanes.inner * k * kept.inner + done % lanes.inner;
      for (Index i = 0; i < k; ++i) {
        out[0].as<T>()[at(to + i * kept.inner)] = x[order[at(i)] * lanes.inner];
        out[1].as<Index>()[at(to + i * kept.inner)] = order[at(i)];
      }
      ++done;
    });
  });
}

Types infer_cumulate(const Call& call) {
  require_type<Numbers>(call, 0);
  const auto axis = integer(call, 1);
  if (axis) require_axis(call, *axis, call.input(0).rank());
  return {{call.input(0).type}};
}
/// Sums (from 0) or products (from 1) of the elements so far; integers wrap around.
template <int neutral, auto combine>
void eval_cumulate(const Call& call, std::span<const Result> out) {
  const Lanes lanes(call.input(0).shape(), require_axis(call, *integer(call, 1), call.input(0).rank()));
  const bool exclusive = call.node.int_attribute("exclusive", 0),
             reverse = call.node.int_attribute("reverse", 0);
  const Index step = reverse ? -lanes.inner : lanes.inner,
              start = reverse ? (lanes.size - 1) * lanes.inner : 0;
  Numbers::visit(call.input(0).dtype(), [&]<class T>(T) {
    using Wide = std::conditional_t<kIsFloat<T>, double, std::uint64_t>;
    lanes.for_each([&](Index first) {
      Wide so_far = neutral;
      Index p = first + start;
      for (Index i = 0; i < lanes.size; ++i, p += step) {
        const Wide with =
            combine(so_far, static_cast<Wide>(static_cast<Compute<T>>(call.input(0).as<T>().data()[p])));
        out[0].as<T>().data()[p] = static_cast<T>(exclusive ? so_far : with);
        so_far = with;
      }
    });
  });
}
constexpr auto kSumUp = [](auto x, auto y) { return x + y; };
constexpr auto kMultiplyUp = [](auto x, auto y) { return x * y; };

Types infer_reverse_sequence(const Call& call) {
  require_type<AnyType>(call, 0);
  require_dtype(call, 1, DType::i64);
  const Index batch = call.node.int_attribute("batch_axis", 1),
              time = call.node.int_attribute("time_axis", 0);
  const Shape& shape = call.input(0).shape();
  if (batch + time != 1 || batch * time != 0 || shape.size() < 2)
    call.fail("has batch_axis " + std::to_string(batch) + ", time_axis " + std::to_string(time) + " for " +
              to_string(shape) + "; want 0 and 1 or 1 and 0");
  if (call.input(1).shape() != Shape{shape[at(batch)]})
    call.fail("has lengths of shape " + to_string(call.input(1).shape()) + " for " +
              std::to_string(shape[at(batch)]) + " sequences");
  return {{call.input(0).type}};
}
void eval_reverse_sequence(const Call& call, std::span<const Result> out) {
  const Shape& shape = call.input(0).shape();
  const bool time_first = call.node.int_attribute("time_axis", 0) == 0;
  const Index steps = shape[time_first ? 0 : 1], batches = shape[time_first ? 1 : 0];
  const std::size_t row = at(product(shape, 2, call.input(0).rank())) * size_bytes(call.input(0).dtype());
  const auto place = [&](Index b, Index t) { return at(time_first ? t * batches + b : b * steps + t) * row; };
  for (Index b = 0; b < batches; ++b) {
    const Index length = call.input(1).as<Index>()[at(b)];
    if (length < 0 || length > steps)
      call.fail("sequence " + std::to_string(b) + " has length " + std::to_string(length) + " of " +
                std::to_string(steps));
    for (Index t = 0; t < steps && row; ++t)
      std::memcpy(
          static_cast<std::byte*>(out[0].data) + place(b, t),
          static_cast<const std::byte*>(call.input(0).data) + place(b, t < length ? length - 1 - t : t), row);
  }
}
}  // namespace

extern const Operator kArgMax{"ArgMax", "", 1, 1, 1, infer_arg, eval_arg_max};
extern const Operator kArgMin{"ArgMin", "", 1, 1, 1, infer_arg, eval_arg_min};
extern const Operator kCumProd{"CumProd", "", 26, 2, 2, infer_cumulate, eval_cumulate<1, kMultiplyUp>};
extern const Operator kCumSum{"CumSum", "", 11, 2, 2, infer_cumulate, eval_cumulate<0, kSumUp>};
extern const Operator kReverseSequence{"ReverseSequence",    "", 10, 2, 2, infer_reverse_sequence,
                                       eval_reverse_sequence};
extern const Operator kTopK{"TopK", "", 1, 1, 2, infer_top_k, eval_top_k};
}  // namespace tulle::ops
