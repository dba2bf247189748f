// Operators whose output depends on values by position: NonZero, Compress, Unique, Trilu.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "ops/check.hpp"
#include "ops/list.hpp"

namespace tulle::ops {
namespace {
Types infer_non_zero(const Call& call) {
  require_type<AnyType>(call, 0);
  if (!call.input(0).data) return std::nullopt;
  Index count = 0;
  AnyType::visit(call.input(0).dtype(), [&]<class T>(T) {
    for (T x : call.input(0).as<T>()) count += static_cast<Compute<T>>(x) != 0;
  });
  return {{{DType::i64, {call.input(0).rank(), count}}}};
}
void eval_non_zero(const Call& call, std::span<const Result> out) {
  const Shape& shape = call.input(0).shape();
  const Index count = out[0].type.shape[1];
  Index found = 0;
  AnyType::visit(call.input(0).dtype(), [&]<class T>(T) {
    const auto x = call.input(0).as<T>();
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (static_cast<Compute<T>>(x[i]) == 0) continue;
      Index rest = static_cast<Index>(i);
      for (Index d = static_cast<Index>(shape.size()); d-- > 0; rest /= shape[at(d)])
        out[0].as<Index>()[at(d * count + found)] = rest % shape[at(d)];
      ++found;
    }
  });
}

/// The axis that Compress and Unique cut along; nullopt: the tensor flattened.
std::optional<Index> optional_axis(const Call& call) {
  if (!call.node.has_attribute("axis")) return std::nullopt;
  return require_axis(call, call.node.int_attribute("axis", 0), call.input(0).rank());
}
/// The input as outer x size x row bytes, size being the axis (or all elements).
struct Slabs {
  Index outer = 1, size;
  std::size_t row;
  Slabs(const Argument& x, std::optional<Index> axis) : size(x.count()), row(size_bytes(x.dtype())) {
    if (!axis) return;
    outer = product(x.shape(), 0, *axis), size = x.shape()[at(*axis)];
    row *= at(product(x.shape(), *axis + 1, x.rank()));
  }
  /// The chosen positions of the axis, one after the other.
  void copy(const void* in, std::span<const Index> chosen, void* out) const {
    auto* to = static_cast<std::byte*>(out);
    for (Index o = 0; o < outer && row && !chosen.empty(); ++o)
      for (Index i : chosen) {
        std::memcpy(to, static_cast<const std::byte*>(in) + at(o * size + i) * row, row);
        to += row;
      }
  }
};
TensorType chosen_type(const Argument& x, std::optional<Index> axis, Index count) {
  TensorType type = x.type;
  if (axis)
    type.shape[at(*axis)] = count;
  else
    type.shape = {count};
  return type;
}

std::vector<Index> compressed(const Call& call, Index size) {
  std::vector<Index> chosen;
  const auto condition = call.input(1).as<Boolean>();
  for (std::size_t i = 0; i < condition.size(); ++i)
    if (condition[i]) chosen.push_back(static_cast<Index>(i));
  if (!chosen.empty() && chosen.back() >= size)
    call.fail("chooses position " + std::to_string(chosen.back()) + " of " + std::to_string(size));
  return chosen;
}
Types infer_compress(const Call& call) {
  require_type<AnyType>(call, 0);
  require_dtype(call, 1, DType::boolean);
  if (call.input(1).rank() != 1)
    call.fail("has a condition of shape " + to_string(call.input(1).shape()) + "; want a list");
  const auto axis = optional_axis(call);
  if (!call.input(1).data) return std::nullopt;
  const auto chosen = compressed(call, Slabs(call.input(0), axis).size);
  return {{chosen_type(call.input(0), axis, static_cast<Index>(chosen.size()))}};
}
void eval_compress(const Call& call, std::span<const Result> out) {
  const Slabs slabs(call.input(0), optional_axis(call));
  slabs.copy(call.input(0).data, compressed(call, slabs.size), out[0].data);
}

/// What Unique finds along the axis: of each kind its first position, how many, and the kind of every
/// position.
struct Kinds {
  std::vector<Index> first, count, of;
};
template <class T>
Kinds kinds_of(const Call& call, const Slabs& slabs) {
  const T* x = call.input(0).as<T>().data();
  const Index row = static_cast<Index>(slabs.row / sizeof(T));
  const auto order = [&](Index i, Index j) {  // below, at or above 0
    for (Index o = 0; o < slabs.outer; ++o)
      for (Index n = 0; n < row; ++n) {
        const auto a = static_cast<Compute<T>>(x[(o * slabs.size + i) * row + n]);
        const auto b = static_cast<Compute<T>>(x[(o * slabs.size + j) * row + n]);
        if (a != b && (a == a || b == b))
          return a < b || b != b ? -1 : 1;  // NaN comes last and equals itself
      }
    return 0;
  };
  std::vector<Index> sorted(at(slabs.size));
  std::iota(sorted.begin(), sorted.end(), Index{0});
  std::ranges::stable_sort(sorted, [&](Index i, Index j) { return order(i, j) < 0; });
  Kinds kinds;
  kinds.of.resize(sorted.size());
  for (std::size_t s = 0; s < sorted.size(); ++s) {
    if (s == 0 || order(sorted[s - 1], sorted[s]) != 0)
      kinds.first.push_back(sorted[s]), kinds.count.push_back(0);
    ++kinds.count.back();
    kinds.of[at(sorted[s])] = static_cast<Index>(kinds.first.size()) - 1;
  }
  return kinds;
}
/// The kinds in the order of their first positions, for sorted = 0.
Kinds by_appearance(const Kinds& kinds) {
  std::vector<Index> order(kinds.first.size()), rank(kinds.first.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::sort(order, {}, [&](Index k) { return kinds.first[at(k)]; });
  Kinds out;
  for (Index k : order) {
    rank[at(k)] = static_cast<Index>(out.first.size());
    out.first.push_back(kinds.first[at(k)]), out.count.push_back(kinds.count[at(k)]);
  }
  for (Index k : kinds.of) out.of.push_back(rank[at(k)]);
  return out;
}
Kinds unique(const Call& call) {
  Kinds kinds;
  const Slabs slabs(call.input(0), optional_axis(call));
  AnyType::visit(call.input(0).dtype(), [&]<class T>(T) { kinds = kinds_of<T>(call, slabs); });
  return call.node.int_attribute("sorted", 1) ? kinds : by_appearance(kinds);
}
Types infer_unique(const Call& call) {
  require_type<AnyType>(call, 0);
  const auto axis = optional_axis(call);
  if (!call.input(0).data) return std::nullopt;
  if (axis && call.input(0).count() == 0 && call.input(0).shape()[at(*axis)] != 0)
    call.fail("compares parts of " + to_string(call.input(0).shape()) + " that have no elements");
  const Index all = Slabs(call.input(0), axis).size,
              different = static_cast<Index>(unique(call).first.size());
  const TensorType each{DType::i64, {different}};
  return {{chosen_type(call.input(0), axis, different), each, {DType::i64, {all}}, each}};
}
void eval_unique(const Call& call, std::span<const Result> out) {
  const Kinds kinds = unique(call);
  Slabs(call.input(0), optional_axis(call)).copy(call.input(0).data, kinds.first, out[0].data);
  std::ranges::copy(kinds.first, out[1].as<Index>().data());
  std::ranges::copy(kinds.of, out[2].as<Index>().data());
  std::ranges::copy(kinds.count, out[3].as<Index>().data());
}

Types infer_trilu(const Call& call) {
  require_type<AnyType>(call, 0);
  if (call.input(0).rank() < 2)
    call.fail("has an input of shape " + to_string(call.input(0).shape()) + "; want matrices");
  if (call.has(1)) integer(call, 1);
  return {{call.input(0).type}};
}
void eval_trilu(const Call& call, std::span<const Result> out) {
  if (out[0].count() == 0) return;
  const Shape& shape = call.input(0).shape();
  const Index rows = shape[shape.size() - 2], columns = shape.back();
  const Index k = std::clamp(call.has(1) ? *integer(call, 1) : 0, -rows, columns);
  const bool upper = call.node.int_attribute("upper", 1);
  const Index all_rows = product(shape, 0, call.input(0).rank() - 1);
  visit_size(out[0].type.dtype, [&]<class T>(T) {
    const T* x = call.input(0).as<T>().data();
    T* y = out[0].as<T>().data();
    for (Index r = 0; r < all_rows; ++r, x += columns, y += columns) {
      const Index diagonal = std::clamp(r % rows + k + (upper ? 0 : 1), Index{0}, columns);
      std::copy(x + (upper ? diagonal : 0), x + (upper ? columns : diagonal), y + (upper ? diagonal : 0));
      std::fill(y + (upper ? 0 : diagonal), y + (upper ? diagonal : columns), T(0));
    }
  });
}
}  // namespace

extern const Operator kCompress{"Compress", "", 9, 2, 2, infer_compress, eval_compress};
extern const Operator kNonZero{"NonZero", "", 9, 1, 1, infer_non_zero, eval_non_zero};
extern const Operator kTrilu{"Trilu", "", 14, 1, 2, infer_trilu, eval_trilu};
extern const Operator kUnique{"Unique", "", 11, 1, 1, infer_unique, eval_unique};
}  // namespace tulle::ops
