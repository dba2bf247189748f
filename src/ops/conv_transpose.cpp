// ConvTranspose (ONNX 1, 11, 22): the gradient of Conv by its input. Input position i spreads W over output
// positions i * stride + k * dilation - pad, so the Window here is that of the Conv whose input is our
// output.
#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"
#include "ops/window.hpp"

namespace tulle::ops {
namespace {
struct Transposed {
  Window window;          ///< window.in: output sizes; window.out: input sizes
  Index n, groups, c, m;  ///< channels of a group: of the input, of the output
  Shape out;
};

// With output_shape given, or SAME, the padding follows from the sizes; SAME_UPPER puts the odd one at the
// end.
void pad_to(Window& w, std::size_t i, Index natural, Index wanted, bool upper) {
  const Index total = std::max<Index>(0, natural - wanted);
  w.pad_begin[i] = upper ? total / 2 : total - total / 2;
  w.pad_end[i] = total - w.pad_begin[i];
  w.in[i] = wanted;
}

void set_sizes(const Call& call, Window& w) {
  const std::size_t rank = w.rank();
  const std::string mode =
      chosen_attribute(call, "auto_pad", "NOTSET", {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", ""});
  const Shape wanted = call.node.ints_attribute("output_shape"),
              extra = call.node.ints_attribute("output_padding", Shape(rank, 0));
  if ((!wanted.empty() && wanted.size() != rank) || extra.size() != rank)
    call.fail("attributes 'output_shape' and 'output_padding' want " + std::to_string(rank) + " numbers");
  if (mode == "VALID") w.pad_begin = w.pad_end = Shape(rank, 0);
  for (std::size_t i = 0; i < rank; ++i) {
    if (extra[i] < 0 || extra[i] >= std::max(w.strides[i], w.dilations[i]))
      call.fail("attribute 'output_padding' is " + to_string(extra) +
                "; want numbers less than a stride or dilation");
    const Index natural = w.strides[i] * (w.out[i] - 1) + extra[i] + w.reach(i);
    if (!wanted.empty())
      pad_to(w, i, natural, wanted[i], mode == "SAME_UPPER");
    else if (mode.starts_with("SAME"))
      pad_to(w, i, natural, w.out[i] * w.strides[i], mode == "SAME_UPPER");
    else
      w.in[i] = natural - w.pad_begin[i] - w.pad_end[i];
    if (w.in[i] < 1) call.fail("its output would have a size of " + std::to_string(w.in[i]));
  }
}

Transposed transposed_conv(const Call& call) {
  require_rank(call, 0, 3, 64);
  const Shape &x = call.input(0).shape(), &w = call.input(1).shape();
  const auto what = [&] { return "X is " + to_string(x) + ", W is " + to_string(w); };
  if (w.size() != x.size()) call.fail(what() + "; want the same rank");
  const Shape kernel = call.node.ints_attribute("kernel_shape", spatial(w));
  if (kernel != spatial(w)) call.fail(what() + ", but kernel_shape is " + to_string(kernel));
  Transposed t{window_attributes(call, spatial(x), kernel),
               x[0],
               bounded_attribute(call, "group", 1, 1, Index{1} << 31),
               0,
               w[1],
               {}};
  t.c = x[1] / t.groups;
  if (t.c * t.groups != x[1] || w[0] != x[1])
    call.fail(what() + " in " + std::to_string(t.groups) +
              " group(s); want W of [channels, M / groups, kernel...]");
  t.window.out = t.window.in;
  set_sizes(call, t.window);
  t.out = {t.n, checked_mul(t.groups, t.m)};
  t.out.insert(t.out.end(), t.window.in.begin(), t.window.in.end());
  return t;
}

Types infer_conv_transpose(const Call& call) {
  require_floats(call);
  require_present(call, 1);
  const Transposed t = transposed_conv(call);
  require_shape(call, 2, {t.groups * t.m});
  return {{require_size(call, {call.input(0).dtype(), t.out})}};
}

/// sums (one output plane) += the spread of one input plane by one kernel
template <class T>
void spread(const Taps& taps, const T* x, const T* w, double* sums) {
  std::vector<Run> scratch;
  for (Index tap = 0; tap < taps.count(); ++tap) {
    const double weight = *w++;
    for (const Run& run : taps.runs(tap, scratch))
      if (taps.step() == 1)
        axpy(weight, x + run.out, sums + run.in, run.count);
      else
        for (Index i = 0; i < run.count; ++i) sums[run.in + i * taps.step()] += weight * x[run.out + i];
  }
}

template <class T>
void conv_transpose(const Call& call, const Result& out) {
  const Transposed t = transposed_conv(call);
  const Taps tap(t.window);
  const Index in_size = element_count(t.window.out), out_size = element_count(t.window.in),
              kernel = element_count(t.window.kernel);
  const T *x = call.input(0).as<T>().data(), *w = call.input(1).as<T>().data();
  const T* bias = call.has(2) ? call.input(2).as<T>().data() : nullptr;
  T* y = out.as<T>().data();
  std::vector<double> sums(at(out_size));
  for (Index plane = 0; plane < t.n * t.groups * t.m; ++plane) {
    const Index channel = plane % (t.groups * t.m), image = plane / (t.groups * t.m), group = channel / t.m;
    std::fill(sums.begin(), sums.end(), bias ? double(bias[channel]) : 0);
    for (Index c = group * t.c; c < (group + 1) * t.c; ++c)
      spread(tap, x + (image * t.groups * t.c + c) * in_size, w + (c * t.m + channel % t.m) * kernel,
             sums.data());
    for (double v : sums) *y++ = static_cast<T>(v);
  }
}
void eval_conv_transpose(const Call& call, std::span<const Result> out) {
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) { conv_transpose<T>(call, out[0]); });
}
}  // namespace
extern const Operator kConvTranspose{
    "ConvTranspose", "", 1, 2, 3, infer_conv_transpose, widened<eval_conv_transpose>};
}  // namespace tulle::ops
