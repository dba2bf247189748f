// MaxUnpool (9, 11, 22), Col2Im-18 and CenterCropPad-18: putting elements back where windows or crops took
// them from.
#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/strided.hpp"
#include "ops/widen.hpp"
#include "ops/window.hpp"

namespace tulle::ops {
namespace {
/// The shape that MaxPool's indices count in: what the attributes undo.
Shape unpooled_shape(const Call& call) {
  require_rank(call, 0, 3, 64);
  const Shape& x = call.input(0).shape();
  const Window w = window_attributes(call, spatial(x), call.node.ints_attribute("kernel_shape"));
  Shape shape{x[0], x[1]};
  for (std::size_t i = 0; i < w.rank(); ++i)
    shape.push_back((w.in[i] - 1) * w.strides[i] - w.pad_begin[i] - w.pad_end[i] + w.kernel[i]);
  return require_size(call, {call.input(0).dtype(), shape}).shape;
}
Types infer_max_unpool(const Call& call) {
  require_type<Floats>(call, 0);
  require_dtype(call, 1, DType::i64);
  require_shape(call, 1, call.input(0).shape());
  const Shape inner = unpooled_shape(call);
  if (!call.has(2)) return {{{call.input(0).dtype(), inner}}};
  const auto wanted = integers(call, 2);
  if (!wanted) return std::nullopt;
  bool fits = wanted->size() == inner.size();
  for (std::size_t i = 0; fits && i < inner.size(); ++i) fits = (*wanted)[i] >= inner[i];
  if (!fits) call.fail("output_shape is " + to_string(*wanted) + "; want at least " + to_string(inner));
  return {{require_size(call, {call.input(0).dtype(), *wanted})}};
}
void eval_max_unpool(const Call& call, std::span<const Result> out) {
  const Shape inner = unpooled_shape(call), &shape = out[0].type.shape;
  const Strides dense = dense_strides(inner), wide = dense_strides(shape);
  const Index count = element_count(inner);
  const auto indices = call.input(1).as<Index>();
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) {
    T* y = out[0].as<T>().data();
    std::fill_n(y, out[0].count(), T{});
    for (std::size_t e = 0; e < indices.size(); ++e) {
      Index rest = indices[e], to = 0;
      if (rest < 0 || rest >= count)
        call.fail("index " + std::to_string(rest) + " is outside " + to_string(inner));
      for (std::size_t i = 0; i < inner.size(); ++i) to += rest / dense[i] * wide[i], rest %= dense[i];
      y[to] = call.input(0).as<T>()[e];
    }
  });
}

/// Window whose taps are a block's elements and whose output positions are the blocks.
std::optional<Window> blocks_of(const Call& call) {
  const auto image = integers(call, 1), block = integers(call, 2);
  if (!image || !block) return std::nullopt;
  return sliding_window(call, *image, *block);
}
Types infer_col2im(const Call& call) {
  require_type<Floats>(call, 0);
  require_rank(call, 0, 3, 3);
  const auto w = blocks_of(call);
  if (!w) return std::nullopt;
  const Shape& x = call.input(0).shape();
  const Index kernel = element_count(w->kernel), blocks = element_count(w->out);
  if (x[1] % kernel || x[2] != blocks)
    call.fail("X is " + to_string(x) + "; want [N, C * " + std::to_string(kernel) + ", " +
              std::to_string(blocks) + "]");
  Shape out{x[0], x[1] / kernel};
  out.insert(out.end(), w->in.begin(), w->in.end());
  return {{require_size(call, {call.input(0).dtype(), out})}};
}
void eval_col2im(const Call& call, std::span<const Result> out) {
  const Window w = *blocks_of(call);
  const Taps all(w);
  const Index image = element_count(w.in), blocks = element_count(w.out);
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) {
    const T* x = call.input(0).as<T>().data();
    T* y = out[0].as<T>().data();
    std::vector<double> sums(at(image));
    std::vector<Run> scratch;
    for (Index plane = 0; plane < out[0].type.shape[0] * out[0].type.shape[1]; ++plane) {
      std::fill(sums.begin(), sums.end(), 0.0);
      for (Index tap = 0; tap < all.count(); ++tap) {
        for (const Run& run : all.runs(tap, scratch))
          for (Index i = 0; i < run.count; ++i) sums[at(run.in + i * all.step())] += x[run.out + i];
        x += blocks;
      }
      for (double v : sums) *y++ = static_cast<T>(v);
    }
  });
}
}  // namespace
extern const Operator kMaxUnpool{"MaxUnpool", "", 9, 2, 3, infer_max_unpool, widened<eval_max_unpool>};
extern const Operator kCol2Im{"Col2Im", "", 18, 3, 3, infer_col2im, widened<eval_col2im>};
}  // namespace tulle::ops
