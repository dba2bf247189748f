#pragma once
#include "ops/broadcast.hpp"
#include "ops/check.hpp"
// Makers of operators from a function of elements.
namespace tulle::ops {
template <class List>
Types infer_like_first(const Call& call) {
  require_type<List>(call, 0);
  return {{call.input(0).type}};
}

template <class List, auto make>
void eval_unary(const Call& call, std::span<const Result> out) {
  const auto f = make(call);
  List::visit(call.input(0).dtype(), [&]<class T>(T) { map<T, T>(call.input(0), out[0], f); });
}
/// y = f(x), where make(call) gives f: a function for the call's attributes.
template <class List, auto make>
constexpr Operator unary_with(std::string_view name, int since) {
  return {name, "", since, 1, 1, infer_like_first<List>, eval_unary<List, make>};
}
/// y = f(x).
template <class List, auto f>
constexpr Operator unary(std::string_view name, int since) {
  return unary_with<List, [](const Call&) { return f; }>(name, since);
}

template <class List>
Types infer_binary(const Call& call) {
  require_type<List>(call, 0);
  require_one_type(call);
  return {{require_size(call, {call.input(0).dtype(), broadcast_shape(call)})}};
}
template <class List>
Types infer_comparison(const Call& call) {
  require_type<List>(call, 0);
  require_one_type(call);
  return {{require_size(call, {DType::boolean, broadcast_shape(call)})}};
}
template <class List, auto f>
void eval_binary(const Call& call, std::span<const Result> out) {
  List::visit(call.input(0).dtype(),
              [&]<class T>(T) { map<T, T, T>(call.input(0), call.input(1), out[0], f); });
}
template <class List, auto f>
void eval_comparison(const Call& call, std::span<const Result> out) {
  List::visit(call.input(0).dtype(),
              [&]<class T>(T) { map<Boolean, T, T>(call.input(0), call.input(1), out[0], f); });
}
/// z = f(x, y) of x's type, both broadcast.
template <class List, auto f>
constexpr Operator binary(std::string_view name, int since) {
  return {name, "", since, 2, 2, infer_binary<List>, eval_binary<List, f>};
}
/// z = f(x, y), a truth value, both broadcast.
template <class List, auto f>
constexpr Operator comparison(std::string_view name, int since) {
  return {name, "", since, 2, 2, infer_comparison<List>, eval_comparison<List, f>};
}
}  // namespace tulle::ops
