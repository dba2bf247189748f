// Tensors from nothing but numbers: Constant, ConstantOfShape, Range, EyeLike, OneHot, windows.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "ops/check.hpp"
#include "ops/list.hpp"
#include "ops/strided.hpp"

namespace tulle::ops {
namespace {
/// What a Constant node holds, whichever attribute it stands in.
Tensor constant_value(const Call& call) {
  const auto numbers = [](DType dtype, const auto& values, bool scalar) {
    using T = typename std::decay_t<decltype(values)>::value_type;
    return Tensor::of<T>(dtype, scalar ? Shape{} : Shape{static_cast<Index>(values.size())},
                         std::span<const T>(values));
  };
  const graph::Node& node = call.node;
  if (const graph::Attribute* value = node.find_attribute("value"))
    if (const Tensor* tensor = std::get_if<Tensor>(value)) return *tensor;
  if (node.has_attribute("value_float"))
    return numbers(DType::f32, std::vector<float>{node.float_attribute("value_float", 0)}, true);
  if (node.has_attribute("value_floats"))
    return numbers(DType::f32, node.floats_attribute("value_floats"), false);
  if (node.has_attribute("value_int"))
    return numbers(DType::i64, std::vector<Index>{node.int_attribute("value_int", 0)}, true);
  if (node.has_attribute("value_ints")) return numbers(DType::i64, node.ints_attribute("value_ints"), false);
  call.fail(
      "holds no value of a kind that Tulle knows (value, value_float, value_floats, value_int, value_ints)");
}
Types infer_constant(const Call& call) {
  return {{constant_value(call).type()}};
}
void eval_constant(const Call& call, std::span<const Result> out) {
  const Tensor value = constant_value(call);
  if (value.size_bytes()) std::memcpy(out[0].data, value.data(), value.size_bytes());
}

/// The attribute 'value' of ConstantOfShape: one element, f32 zero when absent.
Tensor fill_value(const Call& call) {
  const graph::Attribute* value = call.node.find_attribute("value");
  if (!value) return Tensor::zeros({DType::f32, {1}});
  const Tensor* tensor = std::get_if<Tensor>(value);
  if (!tensor || tensor->count() != 1) call.fail("attribute 'value' is not a tensor of one element");
  return *tensor;
}
Types infer_constant_of_shape(const Call& call) {
  const DType dtype = fill_value(call).dtype();
  const auto shape = integers(call, 0);
  if (!shape) return std::nullopt;
  return {{require_size(call, {dtype, *shape})}};
}
void eval_constant_of_shape(const Call& call, std::span<const Result> out) {
  const Tensor value = fill_value(call);
  visit_size(out[0].type.dtype, [&]<class T>(T) { std::ranges::fill(out[0].as<T>(), value.as<T>()[0]); });
}

using RangeTypes = TypeList<float, double, Half, BFloat16, std::int16_t, std::int32_t, std::int64_t>;
/// max(ceil((limit - start) / delta), 0), without wrapping for integers.
template <class T>
double range_count(T start, T limit, T delta) {
  if constexpr (std::is_integral_v<T>) {
    if (delta > 0 ? limit <= start : limit >= start) return 0;
    const std::uint64_t way = delta > 0
                                  ? static_cast<std::uint64_t>(limit) - static_cast<std::uint64_t>(start)
                                  : static_cast<std::uint64_t>(start) - static_cast<std::uint64_t>(limit);
    const std::uint64_t step =
        delta > 0 ? static_cast<std::uint64_t>(delta) : 0 - static_cast<std::uint64_t>(delta);
    return static_cast<double>((way - 1) / step) + 1;
  }
  return std::max(
      std::ceil((static_cast<double>(limit) - static_cast<double>(start)) / static_cast<double>(delta)), 0.0);
}
Types infer_range(const Call& call) {
  require_type<RangeTypes>(call, 0);
  require_one_type(call);
  for (const Argument& input : call.inputs) {
    if (input.count() != 1) call.fail("has an input of shape " + to_string(input.shape()) + "; want scalars");
    if (!input.data) return std::nullopt;
  }
  double count = 0;
  RangeTypes::visit(call.input(0).dtype(), [&]<class T>(T) {
    const auto scalar = [&](std::size_t i) { return static_cast<Compute<T>>(call.input(i).as<T>()[0]); };
    const auto start = scalar(0), limit = scalar(1), delta = scalar(2);
    if (delta == 0) call.fail("has the step 0");
    count = range_count(start, limit, delta);
  });
  if (!(count < 0x1p40)) call.fail("would make " + std::to_string(count) + " elements; want fewer than 2^40");
  return {{require_size(call, {call.input(0).dtype(), {static_cast<Index>(count)}})}};
}
void eval_range(const Call& call, std::span<const Result> out) {
  RangeTypes::visit(call.input(0).dtype(), [&]<class T>(T) {
    const auto scalar = [&](std::size_t i) {
      return wrapping(static_cast<Compute<T>>(call.input(i).as<T>()[0]));
    };
    const auto start = scalar(0), delta = scalar(2);
    const auto y = out[0].as<T>();
    for (std::size_t i = 0; i < y.size(); ++i)
      y[i] = static_cast<T>(start + static_cast<decltype(start)>(i) * delta);
  });
}

Types infer_eye_like(const Call& call) {
  require_type<AnyType>(call, 0);
  if (call.input(0).rank() != 2)
    call.fail("has an input of shape " + to_string(call.input(0).shape()) + "; want a matrix");
  return {
      {require_size(call, {dtype_attribute(call, "dtype", call.input(0).dtype()), call.input(0).shape()})}};
}
void eval_eye_like(const Call& call, std::span<const Result> out) {
  const Index rows = out[0].type.shape[0], columns = out[0].type.shape[1],
              k = call.node.int_attribute("k", 0);
  AnyType::visit(out[0].type.dtype, [&]<class T>(T) {
    std::ranges::fill(out[0].as<T>(), T{});
    if (k <= -rows || k >= columns) return;
    for (Index i = std::max(Index{0}, -k); i < rows && i + k < columns; ++i)
      out[0].as<T>()[at(i * columns + i + k)] = T(1);
  });
}

Index one_hot_axis(const Call& call) {
  return require_axis(call, call.node.int_attribute("axis", -1), call.input(0).rank() + 1);
}
/// A scalar of any number type, toward zero; nullopt while it is not known.
std::optional<Index> depth_of(const Call& call) {
  require_type<Numbers>(call, 1);
  const Argument& depth = call.input(1);
  if (depth.count() != 1) call.fail("has a depth of shape " + to_string(depth.shape()) + "; want a scalar");
  if (!depth.data) return std::nullopt;
  double value = 0;
  Numbers::visit(depth.dtype(),
                 [&]<class T>(T) { value = static_cast<double>(static_cast<Compute<T>>(depth.as<T>()[0])); });
  if (!(value >= 1 && value < 0x1p40))
    call.fail("has the depth " + std::to_string(value) + "; want 1 to 2^40");
  return static_cast<Index>(value);
}
Types infer_one_hot(const Call& call) {
  require_type<Numbers>(call, 0);
  require_type<AnyType>(call, 2);
  if (call.input(2).shape() != Shape{2})
    call.fail("has values of shape " + to_string(call.input(2).shape()) + "; want [2]");
  const Index axis = one_hot_axis(call);
  const auto depth = depth_of(call);
  if (!depth) return std::nullopt;
  Shape shape = call.input(0).shape();
  shape.insert(shape.begin() + axis, *depth);
  return {{require_size(call, {call.input(2).dtype(), shape})}};
}
void eval_one_hot(const Call& call, std::span<const Result> out) {
  const Index axis = one_hot_axis(call), depth = out[0].type.shape[at(axis)];
  const Index inner = product(out[0].type.shape, axis + 1, call.input(0).rank() + 1);
  visit_size(out[0].type.dtype, [&]<class T>(T) {
    const T off = call.input(2).as<T>()[0], on = call.input(2).as<T>()[1];
    std::ranges::fill(out[0].as<T>(), off);
    Numbers::visit(call.input(0).dtype(), [&]<class I>(I) {
      for (Index i = 0; i < call.input(0).count(); ++i) {
        const double given = static_cast<double>(static_cast<Compute<I>>(call.input(0).as<I>()[at(i)]));
        const double hot = given < 0 ? given + static_cast<double>(depth) : given;
        if (!(hot >= 0 && hot < static_cast<double>(depth))) continue;  // all off, as ONNX says
        out[0].as<T>()[at((i / inner * depth + static_cast<Index>(hot)) * inner + i % inner)] = on;
      }
    });
  });
}
/// Cosine windows: a0 - a1 cos(x) + a2 cos(2 x), x = 2 pi i / (size, or size - 1 when symmetric).
struct Cosines {
  double a0, a1, a2;
};
Types infer_window(const Call& call) {
  const DType dtype = dtype_attribute(call, "output_datatype", DType::f32);
  if (!Numbers::contains(dtype)) call.fail("makes no window of " + std::string(name(dtype)));
  const auto size = integer(call, 0);
  if (!size) return std::nullopt;
  return {{require_size(call, {dtype, {*size}})}};
}
template <Cosines c>
void eval_window(const Call& call, std::span<const Result> out) {
  const Index size = out[0].count(), period = call.node.int_attribute("periodic", 1) ? size : size - 1;
  Numbers::visit(out[0].type.dtype, [&]<class T>(T) {
    for (Index i = 0; i < size; ++i) {
      const double x =
          period > 0 ? 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(period) : 0;
      out[0].as<T>()[at(i)] = static_cast<T>(c.a0 - c.a1 * std::cos(x) + c.a2 * std::cos(2 * x));
    }
  });
}
template <Cosines c>
constexpr Operator window(std::string_view name) {
  return {name, "", 17, 1, 1, infer_window, eval_window<c>};
}
}  // namespace

extern const Operator kBlackmanWindow = window<{0.42, 0.5, 0.08}>("BlackmanWindow");
extern const Operator kConstant{"Constant", "", 1, 0, 0, infer_constant, eval_constant};
extern const Operator kConstantOfShape{"ConstantOfShape",     "", 9, 1, 1, infer_constant_of_shape,
                                       eval_constant_of_shape};
extern const Operator kEyeLike{"EyeLike", "", 9, 1, 1, infer_eye_like, eval_eye_like};
extern const Operator kHammingWindow = window<{25.0 / 46, 21.0 / 46, 0}>("HammingWindow");
extern const Operator kHannWindow = window<{0.5, 0.5, 0}>("HannWindow");
extern const Operator kOneHot{"OneHot", "", 9, 3, 3, infer_one_hot, eval_one_hot};
extern const Operator kRange{"Range", "", 11, 3, 3, infer_range, eval_range};
}  // namespace tulle::ops
