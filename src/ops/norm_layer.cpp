// Normalisation over neighbouring elements: LayerNormalization-17, RMSNormalization-23,
// InstanceNormalization, GroupNormalization-18 and -21. All see x as groups of elements that share a mean and
// a deviation.
#include "ops/broadcast.hpp"
#include "ops/list.hpp"
#include "ops/moments.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
Index norm_axis(const Call& call) {
  return require_axis(call, call.node.int_attribute("axis", -1), call.input(0).rank());
}

void require_broadcast(const Call& call, std::size_t input, const Shape& to) {
  if (call.has(input) && broadcast_shape(call, call.input(input).shape(), to) != to)
    call.fail(describe(call, input) + " does not broadcast to " + to_string(to));
}

Types infer_layer(const Call& call) {
  const Argument& x = call.input(0);
  require_floats(call);
  require_present(call, 1);
  require_rank(call, 0, 1, 64);
  for (std::size_t i = 1; i < 3; ++i) require_broadcast(call, i, x.shape());
  TensorType stash{dtype_attribute(call, "stash_type", DType::f32), x.shape()};
  for (Index i = norm_axis(call); i < x.rank(); ++i) stash.shape[at(i)] = 1;
  if (call.node.op == "RMSNormalization") return {{x.type}};
  if (!Floats::contains(stash.dtype)) call.fail("attribute 'stash_type' names no float");
  return first_outputs(call, {x.type, stash, stash});
}

/// Scale and bias of LayerNormalization for each element of x.
struct Stretched {
  std::vector<double> values;
  std::vector<Index> index;
  double operator[](Index i) const { return values[at(index[at(i)])]; }
};
Stretched stretched(const Call& call, std::size_t input, double otherwise) {
  const Shape& to = call.input(0).shape();
  if (!call.has(input)) return {{otherwise}, std::vector<Index>(at(element_count_unchecked(to)), 0)};
  return {reals(call.input(input)), broadcast_index(call.input(input).shape(), to)};
}

void store(const Call& call, std::span<const Result> out, std::size_t output, Index i, double value) {
  if (output < out.size() && wants(call, output))
    WideFloats::visit(out[output].type.dtype,
                      [&]<class R>(R) { out[output].as<R>()[at(i)] = static_cast<R>(value); });
}

/// Centered: minus the mean, over the deviation; otherwise over the root of the mean of squares.
template <bool centered, class T>
void layer(const Call& call, std::span<const Result> out) {
  const Argument& input = call.input(0);
  const Index n = count_from(input.shape(), norm_axis(call));
  const double epsilon = call.node.float_attribute("epsilon", 1e-5f);
  const Stretched scale = stretched(call, 1, 1), bias = stretched(call, 2, 0);
  const T* x = input.as<T>().data();
  T* y = out[0].as<T>().data();
  for (Index first = 0; first < input.count(); first += n) {
    Moments m = moments(x + first, n);
    if (!centered) m = {0, m.variance + m.mean * m.mean};
    const double factor = inverse_deviation(m.variance, epsilon);
    for (Index i = first; i < first + n; ++i)
      y[i] = static_cast<T>((x[i] - m.mean) * factor * scale[i] + bias[i]);
    store(call, out, 1, first / n, m.mean);
    store(call, out, 2, first / n, factor);
  }
}
template <bool centered>
void eval_layer(const Call& call, std::span<const Result> out) {
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) { layer<centered, T>(call, out); });
}

/// Channels that share moments: one in InstanceNormalization, channels / num_groups in GroupNormalization.
Index channels_together(const Call& call) {
  if (call.node.op == "InstanceNormalization") return 1;
  const Index channels = call.input(0).shape()[1];
  const Index groups = bounded_attribute(call, "num_groups", 0, 1, std::max<Index>(1, channels));
  if (channels % groups)
    call.fail(std::to_string(channels) + " channels do not fall into " + std::to_string(groups) + " groups");
  return channels / groups;
}
bool scale_by_group(const Call& call) {
  return call.node.op == "GroupNormalization" && call.version() < 21;
}

Types infer_group(const Call& call) {
  require_floats(call);
  require_rank(call, 0, 2, 64);
  const Shape& x = call.input(0).shape();
  const Index together = channels_together(call);
  for (std::size_t i = 1; i < 3; ++i) {
    require_present(call, i);
    require_shape(call, i, {scale_by_group(call) ? x[1] / together : x[1]});
  }
  return {{call.input(0).type}};
}

template <class T>
void group(const Call& call, const Result& out) {
  const Shape& shape = call.input(0).shape();
  const Index together = channels_together(call), inner = count_from(shape, 2),
              per_scale = scale_by_group(call) ? together : 1;
  const std::vector<double> scale = reals(call.input(1)), bias = reals(call.input(2));
  const double epsilon = call.node.float_attribute("epsilon", 1e-5f);
  const T* x = call.input(0).as<T>().data();
  T* y = out.as<T>().data();
  for (Index plane = 0; inner > 0 && plane < shape[0] * shape[1]; plane += together) {
    const Moments m = moments(x + plane * inner, together * inner);
    const double factor = inverse_deviation(m.variance, epsilon);
    for (Index i = plane * inner; i < (plane + together) * inner; ++i) {
      const std::size_t s = at(i / inner % shape[1] / per_scale);
      y[i] = static_cast<T>((x[i] - m.mean) * factor * scale[s] + bias[s]);
    }
  }
}
void eval_group(const Call& call, std::span<const Result> out) {
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) { group<T>(call, out[0]); });
}
}  // namespace
extern const Operator kLayerNormalization{"LayerNormalization",     "", 17, 2, 3, infer_layer,
                                          widened<eval_layer<true>>};
extern const Operator kRMSNormalization{"RMSNormalization",        "", 23, 2, 2, infer_layer,
                                        widened<eval_layer<false>>};
extern const Operator kInstanceNormalization{"InstanceNormalization", "", 6, 3, 3, infer_group,
                                             widened<eval_group>};
extern const Operator kGroupNormalization{"GroupNormalization", "", 18, 3, 3, infer_group,
                                          widened<eval_group>};
}  // namespace tulle::ops
