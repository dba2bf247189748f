// Conv (ONNX Conv-1, 11, 22) over any number of spatial dimensions, and tulle.Conv: act(conv + bias +
// residual).
#include "ops/activate.hpp"
#include "ops/convolve.hpp"
#include "ops/list.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
Convolution convolution(const Call& call, const Argument& x, const Argument& w) {
  const auto what = [&] { return "X is " + to_string(x.shape()) + ", W is " + to_string(w.shape()); };
  if (x.rank() < 3 || w.rank() != x.rank()) call.fail(what() + "; want both of the same rank, 3 or more");
  const Shape kernel = call.node.ints_attribute("kernel_shape", spatial(w.shape()));
  if (kernel != spatial(w.shape())) call.fail(what() + ", but kernel_shape is " + to_string(kernel));
  Convolution conv;
  conv.groups = bounded_attribute(call, "group", 1, 1, Index{1} << 31);
  conv.n = x.shape()[0], conv.c = w.shape()[1], conv.m = w.shape()[0] / conv.groups;
  if (conv.c * conv.groups != x.shape()[1] || conv.m * conv.groups != w.shape()[0])
    call.fail(what() + " in " + std::to_string(conv.groups) +
              " group(s); want W of [groups * M, channels / groups, kernel...]");
  conv.window = sliding_window(call, spatial(x.shape()), kernel);
  require_size(call, {DType::f32, output_shape(conv)});
  conv.in_size = count_from(x.shape(), 2);
  conv.kernel_size = count_from(w.shape(), 2);
  conv.out_size = element_count(conv.window.out);
  return conv;
}

Shape output_shape(const Convolution& conv) {
  Shape shape{conv.n, conv.groups * conv.m};
  shape.insert(shape.end(), conv.window.out.begin(), conv.window.out.end());
  return shape;
}

namespace {
/// Conv's types; the fused one of domain "tulle" has an input more, a residual of the output's shape.
Types infer_conv(const Call& call) {
  require_floats(call);
  require_present(call, 1);
  const Convolution conv = convolution(call, call.input(0), call.input(1));
  require_shape(call, 2, {conv.groups * conv.m});
  require_shape(call, 3, output_shape(conv));
  activation_of(call);
  return {{{call.input(0).dtype(), output_shape(conv)}}};
}

template <class T>
void conv_of(const Call& call, const Result& out) {
  Convolution conv = convolution(call, call.input(0), call.input(1));
  conv.taps = Taps(conv.window);
  const Activation activation = activation_of(call);
  const T* bias = call.has(2) ? call.input(2).as<T>().data() : nullptr;
  const T* residual = call.has(3) ? call.input(3).as<T>().data() : nullptr;
  T* y = out.as<T>().data();
  const auto emit = [&](Index, Index channel, const double* sums) {
    const double b = bias ? bias[channel] : 0;
    for (Index i = 0; i < conv.out_size; ++i)
      *y++ = static_cast<T>(activate(activation, sums[i] + b + (residual ? *residual++ : 0)));
  };
  convolve<double>(conv, call.input(0).as<T>().data(), call.input(1).as<T>().data(), emit);
}
void eval_conv(const Call& call, std::span<const Result> out) {
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) { conv_of<T>(call, out[0]); });
}
}  // namespace
extern const Operator kConv{"Conv", "", 1, 2, 3, infer_conv, widened<eval_conv>};
extern const Operator kFusedConv{"Conv", "tulle", 1, 2, 4, infer_conv, widened<eval_conv>};
}  // namespace tulle::ops
