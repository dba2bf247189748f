#include "ops/check.hpp"

namespace tulle::ops {
namespace {
constexpr Index kLongestList =
    1 << 16;  // axes, sizes and bounds; a computed shape could otherwise be as long as memory
}
void require_dtype(const Call& call, std::size_t i, DType dtype) {
  if (!call.has(i)) call.fail("input " + std::to_string(i) + " is missing");
  if (call.input(i).dtype() != dtype)
    call.fail("input " + std::to_string(i) + " is of type " + std::string(name(call.input(i).dtype())) +
              "; want " + std::string(name(dtype)));
}

void require_one_type(const Call& call) {
  for (std::size_t i = 0; i < call.inputs.size(); ++i) require_dtype(call, i, call.input(0).dtype());
}

TensorType require_size(const Call& call, TensorType type) {
  Index bytes = static_cast<Index>(size_bytes(type.dtype));
  bool fits = true;
  for (Index d : type.shape) {
    if (d < 0) call.fail("its output would have the shape " + to_string(type.shape));
    fits = fits && !__builtin_mul_overflow(bytes, d, &bytes);
  }
  if (!fits || bytes > kLargestTensorBytes)
    call.fail("its output " + to_string(type.shape) + " of " + std::string(name(type.dtype)) +
              " takes more than the limit of " + std::to_string(kLargestTensorBytes) + " bytes");
  return type;
}

Index require_axis(const Call& call, Index axis, Index rank) {
  if (axis < -rank || axis >= rank)
    call.fail("axis " + std::to_string(axis) + " is not in [" + std::to_string(-rank) + ", " +
              std::to_string(rank) + ")");
  return axis < 0 ? axis + rank : axis;
}

std::vector<Index> require_axes(const Call& call, std::vector<Index> axes, Index rank) {
  std::vector<bool> seen(at(rank), false);
  for (Index& axis : axes) {
    axis = require_axis(call, axis, rank);
    if (seen[at(axis)]) call.fail("axis " + std::to_string(axis) + " is named twice");
    seen[at(axis)] = true;
  }
  return axes;
}

std::optional<std::vector<Index>> integers(const Call& call, std::size_t i) {
  require_type<IndexTypes>(call, i);
  const Argument& input = call.input(i);
  if (input.rank() > 1)
    call.fail("input " + std::to_string(i) + " has the shape " + to_string(input.shape()) +
              "; want a list of integers");
  if (input.count() > kLongestList)
    call.fail("input " + std::to_string(i) + " is a list of " + std::to_string(input.count()) +
              "; want at most " + std::to_string(kLongestList));
  if (!input.data) return std::nullopt;
  std::vector<Index> values;
  IndexTypes::visit(input.dtype(),
                    [&]<class T>(T) { values.assign(input.as<T>().begin(), input.as<T>().end()); });
  return values;
}

std::optional<Index> integer(const Call& call, std::size_t i) {
  if (call.has(i) && call.input(i).count() != 1)
    call.fail("input " + std::to_string(i) + " has the shape " + to_string(call.input(i).shape()) +
              "; want one integer");
  const auto values = integers(call, i);
  return values ? std::optional(values->front()) : std::nullopt;
}

DType dtype_attribute(const Call& call, std::string_view key, DType otherwise) {
  if (!call.node.has_attribute(key)) return otherwise;
  const Index number = call.node.int_attribute(key, 0);
  const auto dtype = dtype_of_onnx(number);
  if (!dtype)
    call.fail("attribute '" + std::string(key) + "' asks for element type " + std::to_string(number) +
              " of ONNX, which Tulle lacks");
  return *dtype;
}
}  // namespace tulle::ops
