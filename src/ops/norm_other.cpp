// LpNormalization (1, 22), MeanVarianceNormalization (9, 13) and LRN (1, 13).
#include <cmath>

#include "ops/list.hpp"
#include "ops/moments.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
Types infer_lp(const Call& call) {
  require_type<Floats>(call, 0);
  require_axis(call, call.node.int_attribute("axis", -1), call.input(0).rank());
  bounded_attribute(call, "p", 2, 1, 2);
  return {{call.input(0).type}};
}
void eval_lp(const Call& call, std::span<const Result> out) {
  const Shape& shape = call.input(0).shape();
  const Index axis = require_axis(call, call.node.int_attribute("axis", -1), call.input(0).rank());
  const Index count = shape[at(axis)], step = count_from(shape, axis + 1),
              p = call.node.int_attribute("p", 2);
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) {
    const T* x = call.input(0).as<T>().data();
    T* y = out[0].as<T>().data();
    for (Index line = 0; line < count_between(shape, 0, axis) * step; ++line) {
      const Index first = line / step * count * step + line % step;
      double sum = 0;
      for (Index i = 0; i < count; ++i) {
        const double v = x[first + i * step];
        sum += p == 1 ? std::abs(v) : v * v;
      }
      const double norm = p == 1 ? sum : std::sqrt(sum);
      for (Index i = 0; i < count; ++i)  // a line of zeros stays one
        y[first + i * step] = norm == 0 ? T(0) : static_cast<T>(x[first + i * step] / norm);
    }
  });
}

std::vector<Index> mvn_axes(const Call& call) {
  return require_axes(call, call.node.ints_attribute("axes", {0, 2, 3}), call.input(0).rank());
}
Types infer_mvn(const Call& call) {
  require_type<Floats>(call, 0);
  mvn_axes(call);
  return {{call.input(0).type}};
}
void eval_mvn(const Call& call, std::span<const Result> out) {
  constexpr double kEpsilon = 1e-9;  // added to the deviation, as in ONNX's function body
  Shape kept = call.input(0).shape();
  for (Index axis : mvn_axes(call)) kept[at(axis)] = 1;
  const std::vector<Index> group = broadcast_index(kept, call.input(0).shape());
  std::vector<double> mean(at(element_count(kept)), 0.0), variance = mean;
  const double n = static_cast<double>(group.size()) / std::max(1.0, static_cast<double>(mean.size()));
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) {
    const T* x = call.input(0).as<T>().data();
    T* y = out[0].as<T>().data();
    for (std::size_t i = 0; i < group.size(); ++i) mean[at(group[i])] += x[i] / n;
    for (std::size_t i = 0; i < group.size(); ++i) {
      const double d = x[i] - mean[at(group[i])];
      variance[at(group[i])] += d * d / n;
    }
    for (std::size_t i = 0; i < group.size(); ++i)
      y[i] = static_cast<T>((x[i] - mean[at(group[i])]) / (std::sqrt(variance[at(group[i])]) + kEpsilon));
  });
}

Types infer_lrn(const Call& call) {
  require_type<Floats>(call, 0);
  require_rank(call, 0, 2, 64);
  bounded_attribute(call, "size", 0, 1, Index{1} << 31);
  return {{call.input(0).type}};
}
// Over `size` neighbouring channels, the odd one more after than before.
void eval_lrn(const Call& call, std::span<const Result> out) {
  const Shape& shape = call.input(0).shape();
  const Index channels = shape[1], inner = count_from(shape, 2), size = call.node.int_attribute("size", 1);
  const double alpha = call.node.float_attribute("alpha", 1e-4f),
               beta = call.node.float_attribute("beta", 0.75f), bias = call.node.float_attribute("bias", 1);
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) {
    const T* x = call.input(0).as<T>().data();
    T* y = out[0].as<T>().data();
    for (Index i = 0; i < call.input(0).count(); ++i) {
      const Index c = i / inner % channels;
      double squares = 0;
      for (Index k = std::max<Index>(0, c - (size - 1) / 2); k <= std::min(channels - 1, c + size / 2); ++k) {
        const double v = x[i + (k - c) * inner];
        squares += v * v;
      }
      y[i] = static_cast<T>(x[i] / std::pow(bias + alpha / static_cast<double>(size) * squares, beta));
    }
  });
}
}  // namespace
extern const Operator kLpNormalization{"LpNormalization", "", 1, 1, 1, infer_lp, widened<eval_lp>};
extern const Operator kMeanVarianceNormalization{
    "MeanVarianceNormalization", "", 9, 1, 1, infer_mvn, widened<eval_mvn>};
extern const Operator kLRN{"LRN", "", 1, 1, 1, infer_lrn, widened<eval_lrn>};
}  // namespace tulle::ops
