// Cast and CastLike, IsNaN and IsInf.
#include <cmath>
#include <limits>

#include "ops/list.hpp"
#include "ops/map.hpp"

namespace tulle::ops {
namespace {
template <class To, class From>
void cast_all(const Argument& x, const Result& y) {
  const From* in = x.as<From>().data();
  To* out = y.as<To>().data();
  for (Index i = 0, n = y.count(); i < n; ++i) out[i] = converted<To>(static_cast<Compute<From>>(in[i]));
}
void eval_cast(const Call& call, std::span<const Result> out) {
  AnyType::visit(call.input(0).dtype(), [&]<class From>(From) {
    AnyType::visit(out[0].type.dtype, [&]<class To>(To) { cast_all<To, From>(call.input(0), out[0]); });
  });
}
Types infer_cast(const Call& call) {
  require_type<AnyType>(call, 0);
  if (!call.node.has_attribute("to")) call.fail("lacks the attribute 'to'");
  return {{{dtype_attribute(call, "to", DType::f32), call.input(0).shape()}}};
}
Types infer_cast_like(const Call& call) {
  require_type<AnyType>(call, 0);
  require_type<AnyType>(call, 1);
  return {{{call.input(1).dtype(), call.input(0).shape()}}};
}

Types infer_is(const Call& call) {
  require_type<Floats>(call, 0);
  return {{{DType::boolean, call.input(0).shape()}}};
}
template <class F>
void classify(const Call& call, std::span<const Result> out, const F& f) {
  Floats::visit(call.input(0).dtype(), [&]<class T>(T) { map<Boolean, T>(call.input(0), out[0], f); });
}
void eval_is_nan(const Call& call, std::span<const Result> out) {
  classify(call, out, [](auto x) { return std::isnan(x); });
}
void eval_is_inf(const Call& call, std::span<const Result> out) {
  const bool negative = call.node.int_attribute("detect_negative", 1),
             positive = call.node.int_attribute("detect_positive", 1);
  classify(call, out, [=](auto x) { return std::isinf(x) && (x < 0 ? negative : positive); });
}
}  // namespace

extern const Operator kCast{"Cast", "", 6, 1, 1, infer_cast, eval_cast};
extern const Operator kCastLike{"CastLike", "", 15, 2, 2, infer_cast_like, eval_cast};
extern const Operator kIsInf{"IsInf", "", 10, 1, 1, infer_is, eval_is_inf};
extern const Operator kIsNaN{"IsNaN", "", 9, 1, 1, infer_is, eval_is_nan};
}  // namespace tulle::ops
