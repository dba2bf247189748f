#pragma once
#include "core/checked.hpp"
#include "ops/element.hpp"
#include "ops/op.hpp"
// What infer functions check, said the same way everywhere.
namespace tulle::ops {
inline std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

/// Fails the call unless input i is of one of the types.
template <class List>
void require_type(const Call& call, std::size_t i) {
  if (!call.has(i)) call.fail("input " + std::to_string(i) + " is missing");
  if (!List::contains(call.input(i).dtype()))
    call.fail("input " + std::to_string(i) + " is of type " + std::string(name(call.input(i).dtype())) +
              ", which it does not take");
}
/// Fails the call unless input i is there and of this type.
void require_dtype(const Call&, std::size_t i, DType);
/// Fails the call unless all inputs are there and of the first one's type.
void require_one_type(const Call&);
/// The type back; fails the call when it has more bytes than a tensor may have.
TensorType require_size(const Call&, TensorType);
/// The axis counted from the front; fails the call when it is not in [-rank, rank).
Index require_axis(const Call&, Index axis, Index rank);
/// The same for a list, in which none may appear twice.
std::vector<Index> require_axes(const Call&, std::vector<Index> axes, Index rank);
/// The index counted from the front; fails the call when it is not in [-size, size). For eval, hence inline.
inline Index require_index(const Call& call, Index index, Index size) {
  if (index < -size || index >= size)
    call.fail("index " + std::to_string(index) + " is not in [" + std::to_string(-size) + ", " +
              std::to_string(size) + ")");
  return index < 0 ? index + size : index;
}
/// Product of the dimensions first .. last - 1 of a shape that was checked. Where the whole has no elements a
/// part of it may wrap around; no loop runs over such a part.
inline Index product(const Shape& shape, Index first, Index last) {
  std::uint64_t count = 1;
  for (Index d = first; d < last; ++d) count *= static_cast<std::uint64_t>(shape[at(d)]);
  return static_cast<Index>(count);
}
/// Values of an i32 or i64 input of rank 0 or 1; nullopt while its data are not known.
std::optional<std::vector<Index>> integers(const Call&, std::size_t i);
/// The same for an input that holds exactly one.
std::optional<Index> integer(const Call&, std::size_t i);
/// The element type that the attribute names, or the default; fails the call for one that Tulle lacks.
DType dtype_attribute(const Call&, std::string_view key, DType otherwise);
}  // namespace tulle::ops
