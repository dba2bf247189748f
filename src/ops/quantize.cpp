// QuantizeLinear and DequantizeLinear (10, 13, 19 to 25) and DynamicQuantizeLinear-11, for 8 and 16 bit
// integers.
#include "ops/quantize.hpp"

#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
using Dequantizable = decltype(Quantized{} + TypeList<std::int32_t>{});

ScaleLayout scale_layout(const Call& call) {
  const Shape &x = call.input(0).shape(), &scale = call.input(1).shape();
  if (call.input(1).count() != 1 || (call.has(2) && call.input(2).count() != 1))
    require_shape(call, 2, scale);
  if (scale.empty() || scale == Shape{1}) return {};
  const Index rank = call.input(0).rank();
  const Index axis = require_axis(call, call.node.int_attribute("axis", 1), rank);
  ScaleLayout layout{ScaleLayout::Kind::along_axis, x[at(axis)], count_from(x, axis + 1)};
  layout.block = bounded_attribute(call, "block_size", 0, 0, Index{1} << 40);
  if (layout.block == 0) {
    require_shape(call, 1, {layout.length});
    return layout;
  }
  layout.kind = ScaleLayout::Kind::blocked;
  Shape want = x;
  want[at(axis)] = (layout.length + layout.block - 1) / layout.block;
  require_shape(call, 1, want);
  return layout;
}

std::vector<std::int32_t> widened_integers(const Argument& a) {
  std::vector<std::int32_t> values;
  Dequantizable::visit(a.dtype(), [&]<class T>(T) { values.assign(a.as<T>().begin(), a.as<T>().end()); });
  return values;
}

namespace {
using Reals = TypeList<float, double, Half, BFloat16, std::int32_t>;

Types infer_quantize(const Call& call) {
  require_type<Reals>(call, 0);
  require_type<Floats>(call, 1);
  scale_layout(call);
  DType dtype = dtype_attribute(call, "output_dtype", DType::u8);
  if (call.has(2)) {
    require_type<Quantized>(call, 2);
    if (call.node.int_attribute("output_dtype", 0) && dtype != call.input(2).dtype())
      call.fail("attribute 'output_dtype' is not the zero point's type");
    dtype = call.input(2).dtype();
  }
  if (!Quantized::contains(dtype))
    call.fail("quantizes to " + std::string(name(dtype)) + ", which Tulle does not");
  return {{{dtype, call.input(0).shape()}}};
}

void eval_quantize(const Call& call, std::span<const Result> out) {
  const ScaleLayout layout = scale_layout(call);
  const std::vector<double> scale = reals(call.input(1));
  const std::vector<std::int32_t> zero =
      call.has(2) ? widened_integers(call.input(2)) : std::vector<std::int32_t>(scale.size(), 0);
  TypeList<float, double, std::int32_t>::visit(call.input(0).dtype(), [&]<class X>(X) {
    Quantized::visit(out[0].type.dtype, [&]<class Y>(Y) {
      const X* x = call.input(0).as<X>().data();
      Y* y = out[0].as<Y>().data();
      for (Index i = 0; i < out[0].count(); ++i) {
        const std::size_t s = layout.of(i);
        // The quotient is rounded to f32 first: a tie there is a tie.
        y[i] =
            saturated<Y>(std::nearbyint(static_cast<float>(x[i]) / static_cast<float>(scale[s])) + zero[s]);
      }
    });
  });
}

Types infer_dequantize(const Call& call) {
  require_type<Dequantizable>(call, 0);
  require_type<Floats>(call, 1);
  if (call.has(2)) require_dtype(call, 2, call.input(0).dtype());
  scale_layout(call);
  const DType dtype = dtype_attribute(call, "output_dtype", call.input(1).dtype());
  if (!Floats::contains(dtype)) call.fail("attribute 'output_dtype' names no float");
  return {{{dtype, call.input(0).shape()}}};
}
void eval_dequantize(const Call& call, std::span<const Result> out) {
  const ScaleLayout layout = scale_layout(call);
  const std::vector<double> scale = reals(call.input(1));
  const std::vector<std::int32_t> x = widened_integers(call.input(0));
  const std::vector<std::int32_t> zero =
      call.has(2) ? widened_integers(call.input(2)) : std::vector<std::int32_t>(scale.size(), 0);
  Floats::visit(out[0].type.dtype, [&]<class Y>(Y) {
    Y* y = out[0].as<Y>().data();
    for (Index i = 0; i < out[0].count(); ++i) {
      const std::size_t s = layout.of(i);
      y[i] = Y(static_cast<Compute<Y>>((static_cast<double>(x[at(i)]) - zero[s]) * scale[s]));
    }
  });
}

Types infer_dynamic(const Call& call) {
  require_dtype(call, 0, DType::f32);
  return first_outputs(call, {{DType::u8, call.input(0).shape()}, {DType::f32, {}}, {DType::u8, {}}});
}
// The range of x, widened to hold 0, onto 0 .. 255.
void eval_dynamic(const Call& call, std::span<const Result> out) {
  float low = 0, high = 0;
  for (float x : call.input(0).as<float>()) low = std::min(low, x), high = std::max(high, x);
  const float scale = high == low ? 1 : (high - low) / 255;
  const std::uint8_t zero = saturated<std::uint8_t>(-low / scale);
  std::uint8_t* y = out[0].as<std::uint8_t>().data();
  for (float x : call.input(0).as<float>()) *y++ = saturated<std::uint8_t>(std::nearbyint(x / scale) + zero);
  if (out.size() > 1) out[1].as<float>()[0] = scale;
  if (out.size() > 2) out[2].as<std::uint8_t>()[0] = zero;
}
}  // namespace
extern const Operator kQuantizeLinear{"QuantizeLinear", "", 10, 2, 3, infer_quantize, widened<eval_quantize>};
extern const Operator kDequantizeLinear{"DequantizeLinear", "", 10, 2, 3, infer_dequantize, eval_dequantize};
extern const Operator kDynamicQuantizeLinear{"DynamicQuantizeLinear", "",          11, 1, 1,
                                             infer_dynamic,           eval_dynamic};
}  // namespace tulle::ops
