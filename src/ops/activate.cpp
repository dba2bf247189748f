#include "ops/activate.hpp"

#include <algorithm>
#include <cmath>

#include "ops/expect.hpp"
#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
constexpr std::pair<std::string_view, ActivationKind> kNames[] = {
    {"none", ActivationKind::none},
    {"relu", ActivationKind::relu},
    {"clip", ActivationKind::clip},
    {"leaky_relu", ActivationKind::leaky_relu},
    {"gelu", ActivationKind::gelu},
    {"gelu_tanh", ActivationKind::gelu_tanh},
    {"sigmoid", ActivationKind::sigmoid},
    {"silu", ActivationKind::silu},
    {"hard_sigmoid", ActivationKind::hard_sigmoid},
    {"hard_swish", ActivationKind::hard_swish},
    {"tanh", ActivationKind::tanh},
    {"elu", ActivationKind::elu},
};
double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}
double between_0_and_1(double x) {
  return std::max(0.0, std::min(1.0, x));
}
}  // namespace

Activation activation_of(const Call& call) {
  if (call.node.domain != "tulle") return {};
  const std::string wanted = call.node.string_attribute("activation", "none");
  for (const auto& [name, kind] : kNames)
    if (name == wanted)
      return {kind, call.node.float_attribute("alpha", 0), call.node.float_attribute("beta", 0)};
  call.fail("attribute 'activation' is '" + wanted + "', which names none");
}

double activate(const Activation& a, double x) {
  constexpr double kRootHalf = 0.70710678118654752440, kRootTwoOverPi = 0.79788456080286535588;
  switch (a.kind) {
    case ActivationKind::none:
      return x;
    case ActivationKind::relu:
      return x < 0 ? 0 : x;
    case ActivationKind::clip:
      return x < a.alpha ? a.alpha : x > a.beta ? a.beta : x;
    case ActivationKind::leaky_relu:
      return x < 0 ? a.alpha * x : x;
    case ActivationKind::gelu:
      return 0.5 * x * (1 + std::erf(x * kRootHalf));
    case ActivationKind::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(kRootTwoOverPi * (x + 0.044715 * x * x * x)));
    case ActivationKind::sigmoid:
      return sigmoid(x);
    case ActivationKind::silu:
      return x * sigmoid(x);
    case ActivationKind::hard_sigmoid:
      return between_0_and_1(a.alpha * x + a.beta);
    case ActivationKind::hard_swish:
      return x * between_0_and_1(x / 6 + 0.5);
    case ActivationKind::tanh:
      return std::tanh(x);
    case ActivationKind::elu:
      return x < 0 ? a.alpha * std::expm1(x) : x;
  }
  return x;
}

namespace {
Types infer_activation(const Call& call) {
  require_type<Floats>(call, 0);
  activation_of(call);
  return {{call.input(0).type}};
}
void eval_activation(const Call& call, std::span<const Result> out) {
  const Activation activation = activation_of(call);
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) {
    const auto x = call.input(0).as<T>();
    const auto y = out[0].as<T>();
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = static_cast<T>(activate(activation, x[i]));
  });
}

// tulle.Linear: act(X W^T + bias + residual), X [..., K], W [M, K]; act(X W + ...) with W [K, M] where the
// attribute `transposed` is not 0.
bool is_transposed(const Call& call) {
  return call.node.int_attribute("transposed", 0) != 0;
}
struct LinearShape {
  Index m, k, n;  ///< rows of X, their length, rows of W
  Shape out;
};
LinearShape linear_shape(const Call& call) {
  require_rank(call, 0, 1, 64);
  require_rank(call, 1, 2, 2);
  const Shape& w = call.input(1).shape();
  const std::size_t inner = is_transposed(call) ? 0 : 1;
  LinearShape s{1, w[inner], w[1 - inner], call.input(0).shape()};
  if (s.out.back() != s.k)
    call.fail(describe(call, 0) + " and " + describe(call, 1) + " differ in the length of the sums");
  s.m = count_between(s.out, 0, call.input(0).rank() - 1);
  s.out.back() = s.n;
  return s;
}
Types infer_linear(const Call& call) {
  require_floats(call);
  require_present(call, 1);
  const LinearShape s = linear_shape(call);
  require_shape(call, 2, {s.n});
  require_shape(call, 3, s.out);
  activation_of(call);
  return {{require_size(call, {call.input(0).dtype(), s.out})}};
}
void eval_linear(const Call& call, std::span<const Result> out) {
  const LinearShape s = linear_shape(call);
  const Activation activation = activation_of(call);
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) {
    const T* given = call.input(1).as<T>().data();
    const std::vector<T> turned = is_transposed(call) ? std::vector<T>() : transposed(given, s.n, s.k);
    const T* w = is_transposed(call) ? given : turned.data();
    const T* bias = call.has(2) ? call.input(2).as<T>().data() : nullptr;
    const T* residual = call.has(3) ? call.input(3).as<T>().data() : nullptr;
    T* y = out[0].as<T>().data();
    multiply(call.input(0).as<T>().data(), w, s.m, s.k, s.n, [&](Index, const double* sums) {
      for (Index j = 0; j < s.n; ++j)
        *y++ = static_cast<T>(
            activate(activation, sums[j] + (bias ? bias[j] : 0) + (residual ? *residual++ : 0)));
    });
  });
}
}  // namespace
extern const Operator kFusedActivation{
    "Activation", "tulle", 1, 1, 1, infer_activation, widened<eval_activation>};
extern const Operator kFusedLinear{"Linear", "tulle", 1, 2, 4, infer_linear, widened<eval_linear>};
}  // namespace tulle::ops
