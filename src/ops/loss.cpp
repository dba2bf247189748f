// NegativeLogLikelihoodLoss (12, 13, 22) and SoftmaxCrossEntropyLoss (12, 13): minus the weighted
// log-probability of each position's class, by itself, added up, or as a weighted mean.
#include <cmath>

#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
Types infer_loss(const Call& call) {
  require_type<Floats>(call, 0);
  require_type<IndexTypes>(call, 1);
  require_rank(call, 0, 2, 64);
  const Shape& x = call.input(0).shape();
  Shape positions = x;
  positions.erase(positions.begin() + 1);
  require_shape(call, 1, positions);
  if (call.has(2)) require_dtype(call, 2, call.input(0).dtype());
  require_shape(call, 2, {x[1]});
  const bool none = chosen_attribute(call, "reduction", "mean", {"none", "sum", "mean"}) == "none";
  std::vector<TensorType> types{{call.input(0).dtype(), none ? positions : Shape{}}};
  if (call.node.op == "SoftmaxCrossEntropyLoss") types.push_back(call.input(0).type);
  return first_outputs(call, types);
}

/// x [n, classes, inner] to the logarithm of its softmax over the classes.
std::vector<double> log_softmax(std::vector<double> x, Index n, Index classes, Index inner) {
  for (Index line = 0; line < n * inner; ++line) {
    double* first = x.data() + line / inner * classes * inner + line % inner;
    double top = -std::numeric_limits<double>::infinity(), total = 0;
    for (Index c = 0; c < classes; ++c) top = std::max(top, first[c * inner]);
    for (Index c = 0; c < classes; ++c) total += std::exp(first[c * inner] - top);
    for (Index c = 0; c < classes; ++c) first[c * inner] -= top + std::log(total);
  }
  return x;
}

/// The weight of a position's class; 0 for the class to be ignored.
double weight_of(const Call& call, const std::vector<double>& weights, Index target) {
  const bool ignores = call.node.has_attribute("ignore_index");
  if (ignores && target == call.node.int_attribute("ignore_index", 0)) return 0;
  const Index classes = call.input(0).shape()[1];
  if (target < 0 || target >= classes)
    call.fail("class " + std::to_string(target) + " is outside " + std::to_string(classes) + " classes");
  return weights.empty() ? 1 : weights[at(target)];
}

void eval_loss(const Call& call, std::span<const Result> out) {
  const Shape& shape = call.input(0).shape();
  const Index classes = shape[1], inner = count_from(shape, 2);
  std::vector<double> logs = reals(call.input(0));
  if (call.node.op == "SoftmaxCrossEntropyLoss")
    logs = log_softmax(std::move(logs), shape[0], classes, inner);
  const std::vector<double> weights = call.has(2) ? reals(call.input(2)) : std::vector<double>();
  std::vector<Index> targets;
  IndexTypes::visit(call.input(1).dtype(), [&]<class T>(T) {
    targets.assign(call.input(1).as<T>().begin(), call.input(1).as<T>().end());
  });
  std::vector<double> losses;
  double total = 0, total_weight = 0;
  for (Index i = 0; i < static_cast<Index>(targets.size()); ++i) {
    const double w = weight_of(call, weights, targets[at(i)]);
    losses.push_back(w == 0 ? 0 : -w * logs[at((i / inner * classes + targets[at(i)]) * inner + i % inner)]);
    total += losses.back(), total_weight += w;
  }
  const std::string reduction = call.node.string_attribute("reduction", "mean");
  WideFloats::visit(out[0].type.dtype, [&]<class T>(T) {
    if (reduction == "none")
      std::copy(losses.begin(), losses.end(), out[0].as<T>().data());
    else
      out[0].as<T>()[0] = static_cast<T>(reduction == "sum" ? total : total / total_weight);
    if (out.size() > 1) std::copy(logs.begin(), logs.end(), out[1].as<T>().data());
  });
}
}  // namespace
extern const Operator kNegativeLogLikelihoodLoss{"NegativeLogLikelihoodLoss", "", 12, 2, 3, infer_loss,
                                                 widened<eval_loss>};
extern const Operator kSoftmaxCrossEntropyLoss{"SoftmaxCrossEntropyLoss", "", 12, 2, 3, infer_loss,
                                               widened<eval_loss>};
}  // namespace tulle::ops
