// Operators of two inputs that broadcast: arithmetic, bits, comparison, logic.
#include <cmath>

#include "ops/list.hpp"
#include "ops/map.hpp"

namespace tulle::ops {
namespace {
/// Integer division has no result for these; the check is a pass of its own so that the loops stay free of
/// it.
template <class List>
void require_divisors(const Call& call) {
  List::visit(call.input(1).dtype(), [&]<class T>(T) {
    if constexpr (std::is_integral_v<T>)
      for (T y : call.input(1).as<T>())
        if (y == 0) call.fail("divides an integer by zero");
  });
}
constexpr auto kDivide = []<class T>(T x, T y) -> T {
  if constexpr (std::is_signed_v<T> && std::is_integral_v<T>)
    if (y == -1) return static_cast<T>(0 - wrapping(x));  // the lowest number's negative wraps around
  return x / y;
};
/// C's fmod: the sign of x.
constexpr auto kRemainder = []<class T>(T x, T y) -> T {
  if constexpr (!std::is_integral_v<T>)
    return std::fmod(x, y);
  else if constexpr (std::is_signed_v<T>)
    return y == -1 ? T(0) : static_cast<T>(x % y);
  else
    return x % y;
};
/// Python's %: the sign of y.
constexpr auto kModulo = []<class T>(T x, T y) -> T {
  const T rest = kRemainder(x, y);
  if constexpr (std::is_unsigned_v<T>)
    return rest;
  else
    return rest != 0 && (rest < 0) != (y < 0) ? static_cast<T>(rest + y) : rest;
};
void eval_div(const Call& call, std::span<const Result> out) {
  require_divisors<Numbers>(call);
  eval_binary<Numbers, kDivide>(call, out);
}
void eval_mod(const Call& call, std::span<const Result> out) {
  require_divisors<Numbers>(call);
  if (call.node.int_attribute("fmod", 0))
    eval_binary<Numbers, kRemainder>(call, out);
  else
    eval_binary<Numbers, kModulo>(call, out);
}

Types infer_pow(const Call& call) {
  require_type<Numbers>(call, 0);
  require_type<Numbers>(call, 1);
  if (call.version() < 12) require_one_type(call);
  return {{require_size(call, {call.input(0).dtype(), broadcast_shape(call)})}};
}
template <class T>
T integer_power(T base, Index exponent) {
  if (exponent < 0) return base == 1 ? T(1) : base == T(-1) ? (exponent % 2 ? T(-1) : T(1)) : T(0);
  auto power = wrapping(base), result = wrapping(T(1));
  for (; exponent; exponent /= 2, power *= power)
    if (exponent % 2) result *= power;
  return static_cast<T>(result);
}
constexpr auto kPower = []<class X, class Y>(X x, Y y) -> X {
  if constexpr (std::is_integral_v<X> && std::is_integral_v<Y>)
    return integer_power(x, static_cast<Index>(y));
  else if constexpr (std::is_integral_v<X>)
    return converted<X>(std::pow(static_cast<double>(x), static_cast<double>(y)));
  else if (y == Y(2))
    return x * x;
  else
    return std::pow(x, static_cast<X>(y));
};
void eval_pow(const Call& call, std::span<const Result> out) {
  Numbers::visit(call.input(0).dtype(), [&]<class X>(X) {
    Numbers::visit(call.input(1).dtype(),
                   [&]<class Y>(Y) { map<X, X, Y>(call.input(0), call.input(1), out[0], kPower); });
  });
}

/// Shifts by the width or more, or by a negative count, leave what the sign bit extends to (BitShift-28).
constexpr auto kShiftLeft = []<class T>(T x, T by) -> T {
  return by < 0 || by >= static_cast<T>(sizeof(T) * 8) ? T(0) : static_cast<T>(wrapping(x) << by);
};
constexpr auto kShiftRight = []<class T>(T x, T by) -> T {
  return by < 0 || by >= static_cast<T>(sizeof(T) * 8) ? static_cast<T>(x < 0 ? -1 : 0)
                                                       : static_cast<T>(x >> by);
};
Types infer_shift(const Call& call) {
  const std::string direction = call.node.string_attribute("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    call.fail("attribute 'direction' is '" + direction + "'; want LEFT or RIGHT");
  return call.version() < 28 ? infer_binary<UnsignedIntegers>(call) : infer_binary<Integers>(call);
}
void eval_shift(const Call& call, std::span<const Result> out) {
  if (call.node.string_attribute("direction", "") == "LEFT")
    eval_binary<Integers, kShiftLeft>(call, out);
  else
    eval_binary<Integers, kShiftRight>(call, out);
}
}  // namespace

extern const Operator kAdd =
    binary<Numbers, []<class T>(T x, T y) { return T(wrapping(x) + wrapping(y)); }>("Add", 7);
extern const Operator kBitShift{"BitShift", "", 11, 2, 2, infer_shift, eval_shift};
extern const Operator kBitwiseAnd = binary<Integers, [](auto x, auto y) { return x & y; }>("BitwiseAnd", 18);
extern const Operator kBitwiseOr = binary<Integers, [](auto x, auto y) { return x | y; }>("BitwiseOr", 18);
extern const Operator kBitwiseXor = binary<Integers, [](auto x, auto y) { return x ^ y; }>("BitwiseXor", 18);
extern const Operator kDiv{"Div", "", 7, 2, 2, infer_binary<Numbers>, eval_div};
extern const Operator kMod{"Mod", "", 10, 2, 2, infer_binary<Numbers>, eval_mod};
extern const Operator kMul =
    binary<Numbers, []<class T>(T x, T y) { return T(wrapping(x) * wrapping(y)); }>("Mul", 7);
extern const Operator kPow{"Pow", "", 7, 2, 2, infer_pow, eval_pow};
extern const Operator kSub =
    binary<Numbers, []<class T>(T x, T y) { return T(wrapping(x) - wrapping(y)); }>("Sub", 7);

extern const Operator kAnd = binary<Booleans, [](bool x, bool y) { return x && y; }>("And", 7);
extern const Operator kOr = binary<Booleans, [](bool x, bool y) { return x || y; }>("Or", 7);
extern const Operator kXor = binary<Booleans, [](bool x, bool y) { return x != y; }>("Xor", 7);
extern const Operator kEqual = comparison<AnyType, [](auto x, auto y) { return x == y; }>("Equal", 7);
extern const Operator kGreater = comparison<Numbers, [](auto x, auto y) { return (x > y); }>("Greater", 7);
extern const Operator kGreaterOrEqual =
    comparison<Numbers, [](auto x, auto y) { return (x >= y); }>("GreaterOrEqual", 12);
extern const Operator kLess = comparison<Numbers, [](auto x, auto y) { return x < y; }>("Less", 7);
extern const Operator kLessOrEqual =
    comparison<Numbers, [](auto x, auto y) { return x <= y; }>("LessOrEqual", 12);
}  // namespace tulle::ops
