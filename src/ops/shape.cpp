// Operators that read or change the shape only; the elements stay in their order.
#include <algorithm>
#include <cstring>

#include "ops/check.hpp"
#include "ops/list.hpp"

namespace tulle::ops {
namespace {
void eval_copy(const Call& call, std::span<const Result> out) {
  const std::size_t bytes = at(out[0].count()) * size_bytes(out[0].type.dtype);
  if (bytes) std::memcpy(out[0].data, call.input(0).data, bytes);
}
Types infer_identity(const Call& call) {
  require_type<AnyType>(call, 0);
  return {{call.input(0).type}};
}

Types infer_bit_cast(const Call& call) {
  require_type<AnyType>(call, 0);
  if (!call.node.has_attribute("to")) call.fail("lacks the attribute 'to'");
  const DType from = call.input(0).dtype(), to = dtype_attribute(call, "to", from);
  if (size_bytes(from) != size_bytes(to))
    call.fail("reads " + std::string(name(from)) + " as " + std::string(name(to)) +
              ", which has another width");
  return {{{to, call.input(0).shape()}}};
}

/// Dropout at inference: the identity, and a mask that is true everywhere.
Types infer_dropout(const Call& call) {
  require_type<Floats>(call, 0);
  if (call.has(2) && call.version() >= 12) {
    if (!call.input(2).data) return std::nullopt;
    if (call.input(2).dtype() == DType::boolean && call.input(2).count() == 1 &&
        call.input(2).as<Boolean>()[0])
      call.fail("asks for training mode; Tulle runs inference only");
  }
  return {{call.input(0).type,
           {call.version() < 10 ? call.input(0).dtype() : DType::boolean, call.input(0).shape()}}};
}
void eval_dropout(const Call& call, std::span<const Result> out) {
  eval_copy(call, out);
  if (out[1].type.dtype == DType::boolean)
    std::ranges::fill(out[1].as<Boolean>(), Boolean(true));
  else
    Floats::visit(out[1].type.dtype, [&]<class T>(T) { std::ranges::fill(out[1].as<T>(), T(1.0f)); });
}

/// [start, end) of the dimensions that Shape reports; both are clamped.
std::pair<Index, Index> shape_range(const Call& call) {
  const Index rank = call.input(0).rank();
  const auto clamped = [rank](Index i) { return std::clamp(i < 0 ? i + rank : i, Index{0}, rank); };
  if (call.version() < 15) return {0, rank};
  const Index first = clamped(call.node.int_attribute("start", 0)),
              last = clamped(call.node.int_attribute("end", rank));
  return {first, std::max(first, last)};
}
Types infer_shape(const Call& call) {
  require_type<AnyType>(call, 0);
  const auto [first, last] = shape_range(call);
  return {{{DType::i64, {last - first}}}};
}
void eval_shape(const Call& call, std::span<const Result> out) {
  const auto [first, last] = shape_range(call);
  std::copy(call.input(0).shape().begin() + first, call.input(0).shape().begin() + last,
            out[0].as<Index>().data());
}
Types infer_size(const Call& call) {
  require_type<AnyType>(call, 0);
  return {{{DType::i64, {}}}};
}
void eval_size(const Call& call, std::span<const Result> out) {
  out[0].as<Index>()[0] = call.input(0).count();
}

Types infer_reshape(const Call& call) {
  require_type<AnyType>(call, 0);
  const auto target = integers(call, 1);
  if (!target) return std::nullopt;
  const Argument& x = call.input(0);
  const bool zero_is_zero = call.version() >= 14 && call.node.int_attribute("allowzero", 0);
  Shape shape = *target;
  Index rest = -1, count = 1;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 0 && !zero_is_zero) {
      if (d >= x.shape().size())
        call.fail("target " + to_string(*target) + " copies dimension " + std::to_string(d) + " of " +
                  to_string(x.shape()));
      shape[d] = x.shape()[d];
    }
    if (shape[d] < -1 || (shape[d] == -1 && rest >= 0))
      call.fail("target " + to_string(*target) + " has a dimension below -1 or two of -1");
    if (shape[d] == -1)
      rest = static_cast<Index>(d);
    else
      count = checked_mul(count, shape[d], "Reshape");
  }
  if (rest >= 0) shape[at(rest)] = count ? x.count() / count : 0;
  if (element_count(shape) != x.count())
    call.fail("target " + to_string(*target) + " does not hold the " + std::to_string(x.count()) +
              " elements of " + to_string(x.shape()));
  return {{{x.dtype(), shape}}};
}

Types infer_flatten(const Call& call) {
  require_type<AnyType>(call, 0);
  const Argument& x = call.input(0);
  const Index given = call.node.int_attribute("axis", 1), lowest = call.version() < 11 ? 0 : -x.rank();
  if (given < lowest || given > x.rank())
    call.fail("axis " + std::to_string(given) + " is not in [" + std::to_string(lowest) + ", " +
              std::to_string(x.rank()) + "]");
  const Index axis = given < 0 ? given + x.rank() : given;
  Index rows = 1, columns = 1;
  for (Index d = 0; d < x.rank(); ++d)
    (d < axis ? rows : columns) = checked_mul(d < axis ? rows : columns, x.shape()[at(d)], "Flatten");
  return {{{x.dtype(), {rows, columns}}}};
}

/// The axes of Squeeze and Unsqueeze: an attribute before opset 13, then input 1.
std::optional<std::vector<Index>> axes_of(const Call& call) {
  if (call.version() < 13) return call.node.ints_attribute("axes");
  return integers(call, 1);
}
bool names_axes(const Call& call) {
  return call.version() < 13 ? call.node.has_attribute("axes") : call.has(1);
}

Types infer_squeeze(const Call& call) {
  require_type<AnyType>(call, 0);
  const Argument& x = call.input(0);
  std::vector<bool> drop(at(x.rank()), false);
  if (names_axes(call)) {
    const auto axes = axes_of(call);
    if (!axes) return std::nullopt;
    for (Index axis : require_axes(call, *axes, x.rank())) {
      if (x.shape()[at(axis)] != 1)
        call.fail("dimension " + std::to_string(axis) + " of " + to_string(x.shape()) + " is not 1");
      drop[at(axis)] = true;
    }
  } else {
    for (std::size_t d = 0; d < drop.size(); ++d) drop[d] = x.shape()[d] == 1;
  }
  Shape shape;
  for (std::size_t d = 0; d < drop.size(); ++d)
    if (!drop[d]) shape.push_back(x.shape()[d]);
  return {{{x.dtype(), shape}}};
}

Types infer_unsqueeze(const Call& call) {
  require_type<AnyType>(call, 0);
  if (!names_axes(call)) call.fail("names no axes");
  const auto axes = axes_of(call);
  if (!axes) return std::nullopt;
  const Argument& x = call.input(0);
  const Index rank = checked_add(x.rank(), static_cast<Index>(axes->size()));
  std::vector<bool> inserted(at(rank), false);
  for (Index axis : require_axes(call, *axes, rank)) inserted[at(axis)] = true;
  Shape shape;
  auto next = x.shape().begin();
  for (bool one : inserted) shape.push_back(one ? 1 : *next++);
  return {{{x.dtype(), shape}}};
}
}  // namespace

extern const Operator kBitCast{"BitCast", "", 26, 1, 1, infer_bit_cast, eval_copy};
extern const Operator kDropout{"Dropout", "", 7, 1, 3, infer_dropout, eval_dropout};
extern const Operator kFlatten{"Flatten", "", 1, 1, 1, infer_flatten, eval_copy};
extern const Operator kIdentity{"Identity", "", 1, 1, 1, infer_identity, eval_copy};
extern const Operator kReshape{"Reshape", "", 5, 2, 2, infer_reshape, eval_copy};
extern const Operator kShape{"Shape", "", 1, 1, 1, infer_shape, eval_shape};
extern const Operator kSize{"Size", "", 1, 1, 1, infer_size, eval_size};
extern const Operator kSqueeze{"Squeeze", "", 1, 1, 2, infer_squeeze, eval_copy};
extern const Operator kUnsqueeze{"Unsqueeze", "", 1, 1, 2, infer_unsqueeze, eval_copy};
}  // namespace tulle::ops
