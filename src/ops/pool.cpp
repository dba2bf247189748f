// MaxPool, AveragePool and LpPool over any number of spatial dimensions (ONNX 7 to 22).
#include <cmath>

#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"
#include "ops/window.hpp"

namespace tulle::ops {
namespace {
using MaxTypes = TypeList<float, double, Half, BFloat16, std::int8_t, std::uint8_t>;

Window pool_window(const Call& call) {
  require_rank(call, 0, 3, 64);
  return sliding_window(call, spatial(call.input(0).shape()), call.node.ints_attribute("kernel_shape"));
}
Shape pooled_shape(const Call& call, const Window& w) {
  Shape shape(call.input(0).shape().begin(), call.input(0).shape().begin() + 2);
  shape.insert(shape.end(), w.out.begin(), w.out.end());
  return shape;
}
Types infer_pool(const Call& call) {
  require_type<Floats>(call, 0);
  if (call.node.op == "LpPool") bounded_attribute(call, "p", 2, 1, 1 << 20);
  return {{require_size(call, {call.input(0).dtype(), pooled_shape(call, pool_window(call))})}};
}
Types infer_max_pool(const Call& call) {
  require_type<MaxTypes>(call, 0);
  bounded_attribute(call, "storage_order", 0, 0, 1);
  const Shape shape = pooled_shape(call, pool_window(call));
  return first_outputs(call, {{call.input(0).dtype(), shape}, {DType::i64, shape}});
}

/// body(image and channel, first input of the plane, position in the plane's output)
template <class Body>
void for_each_output(const Call& call, const Window& w, const Body& body) {
  const Index planes = count_between(call.input(0).shape(), 0, 2), in_size = element_count(w.in);
  Odometer out(w.out);
  for (Index plane = 0; plane < planes; ++plane) {
    do body(plane * in_size, out.at);
    while (out.next());
  }
}
/// The taps of one window: body(position in the plane) for those inside the input; how many lie inside input
/// and padding.
template <class Body>
Index for_each_tap(const Window& w, Odometer& tap, const Shape& out, const Body& body) {
  Index padded = 0;
  do {
    Index offset = 0;
    bool inside = true, counted = true;
    for (std::size_t i = 0; i < w.rank(); ++i) {
      const Index in = out[i] * w.strides[i] + tap.at[i] * w.dilations[i] - w.pad_begin[i];
      inside = inside && in >= 0 && in < w.in[i];
      counted = counted && in < w.in[i] + w.pad_end[i];
      offset = offset * w.in[i] + in;
    }
    padded += counted;
    if (inside) body(offset);
  } while (tap.next());
  return padded;
}

/// Where the element at `offset` of a plane lies when dimensions are counted the first fastest (storage_order
/// 1).
Index column_major(const Shape& in, Index offset) {
  Index position = 0, stride = element_count(in);
  for (std::size_t i = in.size(); i-- > 0; offset /= in[i]) position += offset % in[i] * (stride /= in[i]);
  return position;
}

template <class T>
void max_pool(const Call& call, std::span<const Result> out) {
  const Window w = pool_window(call);
  const bool by_column = call.node.int_attribute("storage_order", 0) == 1;
  const T* x = call.input(0).as<T>().data();
  T* y = out[0].as<T>().data();
  Index* indices = out.size() > 1 ? out[1].as<Index>().data() : nullptr;
  Odometer tap(w.kernel);
  for_each_output(call, w, [&](Index plane, const Shape& position) {
    Index best = -1;
    for_each_tap(w, tap, position, [&](Index i) {
      if (best < 0 || x[plane + i] > x[plane + best]) best = i;
    });
    *y++ = best < 0 ? std::numeric_limits<T>::lowest() : x[plane + best];
    if (indices) *indices++ = best < 0 ? -1 : plane + (by_column ? column_major(w.in, best) : best);
  });
}
void eval_max_pool(const Call& call, std::span<const Result> out) {
  TypeList<float, double, std::int8_t, std::uint8_t>::visit(call.input(0).dtype(),
                                                            [&]<class T>(T) { max_pool<T>(call, out); });
}

template <class T>
void average_pool(const Call& call, const Result& out) {
  const Window w = pool_window(call);
  const bool with_pads = call.node.int_attribute("count_include_pad", 0) != 0;
  const T* x = call.input(0).as<T>().data();
  T* y = out.as<T>().data();
  Odometer tap(w.kernel);
  for_each_output(call, w, [&](Index plane, const Shape& position) {
    double sum = 0;
    Index inside = 0;
    const Index padded = for_each_tap(w, tap, position, [&](Index i) { sum += x[plane + i], ++inside; });
    *y++ = static_cast<T>(sum / static_cast<double>(std::max<Index>(1, with_pads ? padded : inside)));
  });
}
template <class T>
void lp_pool(const Call& call, const Result& out) {
  const Window w = pool_window(call);
  const double p = static_cast<double>(call.node.int_attribute("p", 2));
  const T* x = call.input(0).as<T>().data();
  T* y = out.as<T>().data();
  Odometer tap(w.kernel);
  for_each_output(call, w, [&](Index plane, const Shape& position) {
    double sum = 0;
    for_each_tap(w, tap, position,
                 [&](Index i) { sum += std::pow(std::abs(static_cast<double>(x[plane + i])), p); });
    *y++ = static_cast<T>(std::pow(sum, 1 / p));
  });
}
void eval_average_pool(const Call& call, std::span<const Result> out) {
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) { average_pool<T>(call, out[0]); });
}
void eval_lp_pool(const Call& call, std::span<const Result> out) {
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) { lp_pool<T>(call, out[0]); });
}

// The global pools: one value for each image and channel.
Types infer_global(const Call& call) {
  require_type<Floats>(call, 0);
  require_rank(call, 0, 2, 64);
  if (call.node.op == "GlobalLpPool") bounded_attribute(call, "p", 2, 1, 1 << 20);
  Shape shape = call.input(0).shape();
  if (count_from(shape, 2) == 0) call.fail("has no elements to pool in " + to_string(shape));
  std::fill(shape.begin() + 2, shape.end(), 1);
  return {{{call.input(0).dtype(), shape}}};
}
struct Mean {
  static double of(std::span<const double> x, double) {
    double sum = 0;
    for (double v : x) sum += v;
    return sum / static_cast<double>(x.size());
  }
};
struct Largest {
  static double of(std::span<const double> x, double) { return *std::max_element(x.begin(), x.end()); }
};
struct LpNorm {
  static double of(std::span<const double> x, double p) {
    double sum = 0;
    for (double v : x) sum += std::pow(std::abs(v), p);
    return std::pow(sum, 1 / p);
  }
};
template <class Pool>
void eval_global(const Call& call, std::span<const Result> out) {
  const Index size = count_from(call.input(0).shape(), 2);
  const double p = static_cast<double>(call.node.op == "GlobalLpPool" ? call.node.int_attribute("p", 2) : 0);
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) {
    const T* x = call.input(0).as<T>().data();
    for (T& y : out[0].as<T>()) {
      const std::vector<double> plane(x, x + size);
      y = static_cast<T>(Pool::of(plane, p));
      x += size;
    }
  });
}
}  // namespace
extern const Operator kMaxPool{"MaxPool", "", 1, 1, 1, infer_max_pool, widened<eval_max_pool>};
extern const Operator kAveragePool{"AveragePool", "", 7, 1, 1, infer_pool, widened<eval_average_pool>};
extern const Operator kLpPool{"LpPool", "", 2, 1, 1, infer_pool, widened<eval_lp_pool>};
extern const Operator kGlobalMaxPool{
    "GlobalMaxPool", "", 1, 1, 1, infer_global, widened<eval_global<Largest>>};
extern const Operator kGlobalAveragePool{"GlobalAveragePool",       "", 1, 1, 1, infer_global,
                                         widened<eval_global<Mean>>};
extern const Operator kGlobalLpPool{"GlobalLpPool", "", 2, 1, 1, infer_global, widened<eval_global<LpNorm>>};
}  // namespace tulle::ops
