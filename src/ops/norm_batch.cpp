// BatchNormalization (ONNX 7, 9, 14, 15): y = scale (x - mean) / sqrt(var + epsilon) + bias for each channel.
// With training_mode the batch's own moments are used, and running ones handed out.
#include "ops/list.hpp"
#include "ops/moments.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
Index channels_of(const Argument& x) {
  return x.rank() == 1 ? 1 : x.shape()[1];
}
bool training(const Call& call) {
  return call.node.int_attribute("training_mode", 0) != 0;
}

Types infer_batch_norm(const Call& call) {
  const Argument& x = call.input(0);
  require_type<Floats>(call, 0);
  require_rank(call, 0, 1, 64);
  for (std::size_t i = 1; i < 5; ++i) {
    require_type<Floats>(call, i);
    require_shape(call, i, {channels_of(x)});
  }
  if (call.node.int_attribute("spatial", 1) == 0) call.fail("spatial = 0 is not supported; want 1");
  if (!training(call)) {
    for (std::size_t i = 1; i < 5; ++i)
      if (wants(call, i)) call.fail("asks for outputs that it has only when it trains");
    return {{x.type}};
  }
  const TensorType running{call.input(3).dtype(), {channels_of(x)}};
  return first_outputs(call, {x.type, running, running});
}

/// x is seen as [n, channels, inner].
struct Planes {
  Index n, channels, inner;
};
template <class T>
Moments channel_moments(const T* x, const Planes& p, Index channel) {
  Moments m;
  const double count = static_cast<double>(p.n * p.inner);
  const auto each = [&](const auto& add) {
    for (Index i = 0; i < p.n; ++i)
      for (Index j = 0; j < p.inner; ++j) add(x[(i * p.channels + channel) * p.inner + j]);
  };
  each([&](double v) { m.mean += v / count; });
  each([&](double v) { m.variance += (v - m.mean) * (v - m.mean) / count; });
  return m;
}

template <class T>
void store_running(const Call& call, std::span<const Result> out, const std::vector<Moments>& batch) {
  const double momentum = call.node.float_attribute("momentum", 0.9f);
  const auto blend = [&](std::size_t output, double Moments::*field) {
    if (!wants(call, output)) return;
    const std::vector<double> old = reals(call.input(output + 2));
    WideFloats::visit(out[output].type.dtype, [&]<class R>(R) {
      R* to = out[output].as<R>().data();
      for (std::size_t c = 0; c < old.size(); ++c)
        to[c] = static_cast<R>(old[c] * momentum + batch[c].*field * (1 - momentum));
    });
  };
  blend(1, &Moments::mean);
  blend(2, &Moments::variance);
}

template <class T>
void batch_norm(const Call& call, std::span<const Result> out) {
  const Argument& input = call.input(0);
  const Planes p{input.shape()[0], channels_of(input), count_from(input.shape(), 2)};
  const std::vector<double> scale = reals(call.input(1)), bias = reals(call.input(2)),
                            mean = reals(call.input(3)), variance = reals(call.input(4));
  const T* x = input.as<T>().data();
  std::vector<Moments> of(at(p.channels));
  for (Index c = 0; c < p.channels; ++c)
    of[at(c)] = training(call) ? channel_moments(x, p, c) : Moments{mean[at(c)], variance[at(c)]};
  const double epsilon = call.node.float_attribute("epsilon", 1e-5f);
  T* y = out[0].as<T>().data();
  for (Index plane = 0; plane < p.n * p.channels; ++plane) {
    const std::size_t c = at(plane % p.channels);
    const double factor = scale[c] * inverse_deviation(of[c].variance, epsilon);
    for (Index j = 0; j < p.inner; ++j) *y++ = static_cast<T>((*x++ - of[c].mean) * factor + bias[c]);
  }
  if (training(call)) store_running<T>(call, out, of);
}
void eval_batch_norm(const Call& call, std::span<const Result> out) {
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) { batch_norm<T>(call, out); });
}
}  // namespace
extern const Operator kBatchNormalization{"BatchNormalization",    "", 7, 5, 5, infer_batch_norm,
                                          widened<eval_batch_norm>};
}  // namespace tulle::ops
