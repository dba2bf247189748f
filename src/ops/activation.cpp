// Activations with attributes: y = f(x; alpha, ...).
#include <algorithm>
#include <cmath>

#include "ops/list.hpp"
#include "ops/map.hpp"

namespace tulle::ops {
namespace {
float alpha(const Call& call, float otherwise) {
  return call.node.float_attribute("alpha", otherwise);
}

constexpr auto kHardSwishOf = [](auto x) {
  using T = decltype(x);
  return x * std::clamp(x / 6 + T(0.5), T(0), T(1));
};
constexpr auto kMishOf = [](auto x) {
  using T = decltype(x);
  return x * std::tanh(std::max(x, T(0)) + std::log1p(std::exp(-std::abs(x))));
};

auto make_gelu(const Call& call) {
  const std::string approximate = call.node.string_attribute("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    call.fail("attribute 'approximate' is '" + approximate + "'; want none or tanh");
  return [rough = approximate == "tanh"](auto x) {
    using T = decltype(x);
    constexpr T kSqrtHalf = T(0.70710678118654752), kSqrt2OverPi = T(0.79788456080286536);
    const T bend = rough ? std::tanh(kSqrt2OverPi * (x + T(0.044715) * x * x * x)) : std::erf(x * kSqrtHalf);
    return T(0.5) * x * (1 + bend);
  };
}
/// Swish of the gate times the value; the two do not broadcast.
Types infer_swiglu(const Call& call) {
  if (call.has(1) && call.input(0).shape() != call.input(1).shape())
    call.fail("gate " + to_string(call.input(0).shape()) + " and value " + to_string(call.input(1).shape()) +
              " differ");
  return infer_binary<Floats>(call);
}
void eval_swiglu(const Call& call, std::span<const Result> out) {
  Floats::visit(call.input(0).dtype(), [&]<class T>(T) {
    map<T, T, T>(call.input(0), call.input(1), out[0], [a = alpha(call, 1)](auto gate, auto value) {
      return gate / (1 + std::exp(-a * gate)) * value;
    });
  });
}
}  // namespace

extern const Operator kCelu = unary_with<Floats, [](const Call& call) {
  return
      [a = alpha(call, 1)](auto x) { return (x > 0) ? x : static_cast<decltype(x)>(a * std::expm1(x / a)); };
}>("Celu", 12);
extern const Operator kElu = unary_with<Floats, [](const Call& call) {
  return [a = alpha(call, 1)](auto x) { return (x > 0) ? x : static_cast<decltype(x)>(a * std::expm1(x)); };
}>("Elu", 6);
extern const Operator kGelu = unary_with<Floats, make_gelu>("Gelu", 20);
extern const Operator kHardSigmoid = unary_with<Floats, [](const Call& call) {
  return [a = alpha(call, 0.2f), b = call.node.float_attribute("beta", 0.5f)](auto x) {
    using T = decltype(x);
    return std::clamp(static_cast<T>(a * x + b), T(0), T(1));
  };
}>("HardSigmoid", 6);
extern const Operator kHardSwish = unary<Floats, kHardSwishOf>("HardSwish", 14);
extern const Operator kLeakyRelu = unary_with<Floats, [](const Call& call) {
  return [a = alpha(call, 0.01f)](auto x) { return x < 0 ? static_cast<decltype(x)>(a * x) : x; };
}>("LeakyRelu", 6);
extern const Operator kMish = unary<Floats, kMishOf>("Mish", 18);
extern const Operator kSelu = unary_with<Floats, [](const Call& call) {
  return [a = alpha(call, 1.67326319217681884765625f),
          g = call.node.float_attribute("gamma", 1.05070102214813232421875f)](auto x) {
    return static_cast<decltype(x)>(g * (x > 0 ? x : a * std::expm1(x)));
  };
}>("Selu", 6);
extern const Operator kShrink = unary_with<Numbers, [](const Call& call) {
  return [bias = call.node.float_attribute("bias", 0),
          lambda = call.node.float_attribute("lambd", 0.5f)](auto x) {
    return converted<decltype(x)>(x < -lambda ? x + bias : x > lambda ? x - bias : 0);
  };
}>("Shrink", 9);
extern const Operator kSwiGLU{"SwiGLU", "", 28, 2, 2, infer_swiglu, eval_swiglu};
extern const Operator kSwish = unary_with<Floats, [](const Call& call) {
  return [a = alpha(call, 1)](auto x) { return x / (1 + std::exp(-a * x)); };
}>("Swish", 24);
extern const Operator kThresholdedRelu = unary_with<Floats, [](const Call& call) {
  return [a = alpha(call, 1)](auto x) { return (x > a) ? x : 0; };
}>("ThresholdedRelu", 10);
extern const Operator kPRelu =
    binary<SignedNumbers, [](auto x, auto slope) { return x < 0 ? slope * x : x; }>("PRelu", 7);
}  // namespace tulle::ops
