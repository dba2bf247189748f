// Operators of one input and no attributes: y = f(x).
#include <cmath>

#include "ops/list.hpp"
#include "ops/map.hpp"

namespace tulle::ops {
namespace {
/// Rounds halves to even whatever the rounding mode of the thread.
template <class T>
T round_half_even(T x) {
  const T low = std::floor(x), rest = x - low;
  if (rest < T(0.5) || (rest == T(0.5) && std::fmod(low, T(2)) == 0)) return std::copysign(low, x);
  return std::copysign(low + 1, x);
}
}  // namespace

extern const Operator kAbs = unary<Numbers, []<class T>(T x) -> T {
  if constexpr (std::is_unsigned_v<T>)
    return x;
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(x < 0 ? 0 - wrapping(x) : wrapping(x));
  else
    return std::abs(x);
}>("Abs", 6);
extern const Operator kAcos = unary<Floats, [](auto x) { return std::acos(x); }>("Acos", 7);
extern const Operator kAcosh = unary<Floats, [](auto x) { return std::acosh(x); }>("Acosh", 9);
extern const Operator kAsin = unary<Floats, [](auto x) { return std::asin(x); }>("Asin", 7);
extern const Operator kAsinh = unary<Floats, [](auto x) { return std::asinh(x); }>("Asinh", 9);
extern const Operator kAtan = unary<Floats, [](auto x) { return std::atan(x); }>("Atan", 7);
extern const Operator kAtanh = unary<Floats, [](auto x) { return std::atanh(x); }>("Atanh", 9);
extern const Operator kBitwiseNot = unary<Integers, [](auto x) { return ~x; }>("BitwiseNot", 18);
extern const Operator kCeil = unary<Floats, [](auto x) { return std::ceil(x); }>("Ceil", 6);
extern const Operator kCos = unary<Floats, [](auto x) { return std::cos(x); }>("Cos", 7);
extern const Operator kCosh = unary<Floats, [](auto x) { return std::cosh(x); }>("Cosh", 9);
extern const Operator kErf = unary<Floats, [](auto x) { return std::erf(x); }>("Erf", 9);
extern const Operator kExp = unary<Floats, [](auto x) { return std::exp(x); }>("Exp", 6);
extern const Operator kFloor = unary<Floats, [](auto x) { return std::floor(x); }>("Floor", 6);
extern const Operator kLog = unary<Floats, [](auto x) { return std::log(x); }>("Log", 6);
extern const Operator kNeg = unary<SignedNumbers, []<class T>(T x) -> T {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(0 - wrapping(x));
  else
    return -x;
}>("Neg", 6);
extern const Operator kNot = unary<Booleans, [](bool x) { return !x; }>("Not", 1);
extern const Operator kReciprocal = unary<Floats, [](auto x) { return 1 / x; }>("Reciprocal", 6);
extern const Operator kRelu = unary<SignedNumbers, [](auto x) { return x < 0 ? 0 : x; }>("Relu", 6);
extern const Operator kRound = unary<Floats, [](auto x) { return round_half_even(x); }>("Round", 11);
extern const Operator kSigmoid = unary<Floats, [](auto x) { return 1 / (1 + std::exp(-x)); }>("Sigmoid", 6);
extern const Operator kSign = unary<Numbers, [](auto x) { return (x > 0) - (x < 0); }>("Sign", 9);
extern const Operator kSin = unary<Floats, [](auto x) { return std::sin(x); }>("Sin", 7);
extern const Operator kSinh = unary<Floats, [](auto x) { return std::sinh(x); }>("Sinh", 9);
extern const Operator kSoftplus = unary<Floats, [](auto x) {
  return std::max(x, decltype(x)(0)) +
         std::log1p(std::exp(-std::abs(x)));  // exp of no positive number: no overflow
}>("Softplus", 1);
extern const Operator kSoftsign = unary<Floats, [](auto x) { return x / (1 + std::abs(x)); }>("Softsign", 1);
extern const Operator kSqrt = unary<Floats, [](auto x) { return std::sqrt(x); }>("Sqrt", 6);
extern const Operator kTan = unary<Floats, [](auto x) { return std::tan(x); }>("Tan", 7);
extern const Operator kTanh = unary<Floats, [](auto x) { return std::tanh(x); }>("Tanh", 6);
}  // namespace tulle::ops
