// Min, Max, Sum, Mean of any number of inputs that broadcast; Where; Clip.
#include <algorithm>
#include <cmath>

#include "ops/list.hpp"
#include "ops/map.hpp"

namespace tulle::ops {
namespace {
constexpr std::size_t kAnyNumber = 1u << 20;

/// out = f(out, input) for every input after the first, which is copied.
template <class T, class F>
void fold_inputs(const Call& call, const Result& out, const F& f) {
  const Shape& shape = out.type.shape;
  copy_strided(call.input(0).as<T>().data(), shape, broadcast_strides(call.input(0).shape(), shape),
               out.as<T>().data());
  const Argument so_far{true, out.type, out.data};
  for (std::size_t i = 1; i < call.inputs.size(); ++i) map<T, T, T>(so_far, call.input(i), out, f);
}
template <class List, auto f>
void eval_fold(const Call& call, std::span<const Result> out) {
  List::visit(call.input(0).dtype(), [&]<class T>(T) { fold_inputs<T>(call, out[0], f); });
}
void eval_mean(const Call& call, std::span<const Result> out) {
  Floats::visit(call.input(0).dtype(), [&]<class T>(T) {
    fold_inputs<T>(call, out[0], [](auto x, auto y) { return x + y; });
    const auto count = static_cast<Compute<T>>(call.inputs.size());
    for (T& x : out[0].as<T>()) x = static_cast<T>(x / count);
  });
}
template <class T>
bool is_nan(T x) {
  return x != x;
}
// NaN wins over every number, as in numpy's maximum and minimum.
constexpr auto kLarger = [](auto x, auto y) { return is_nan(x) || x > y ? x : y; };
constexpr auto kSmaller = [](auto x, auto y) { return is_nan(x) || x < y ? x : y; };

template <class List, auto f>
constexpr Operator variadic(std::string_view name, int since) {
  return {name, "", since, 1, kAnyNumber, infer_binary<List>, eval_fold<List, f>};
}

Types infer_where(const Call& call) {
  require_dtype(call, 0, DType::boolean);
  require_type<AnyType>(call, 1);
  require_dtype(call, 2, call.input(1).dtype());
  return {{require_size(call, {call.input(1).dtype(), broadcast_shape(call)})}};
}
void eval_where(const Call& call, std::span<const Result> out) {
  const Shape& shape = out[0].type.shape;
  const auto strides = [&](std::size_t i) { return broadcast_strides(call.input(i).shape(), shape); };
  const Nest<3> nest(shape, {strides(0), strides(1), strides(2)});
  const auto [sc, sx, sy] = nest.inner_steps();
  visit_size(out[0].type.dtype, [&, sc = sc, sx = sx, sy = sy]<class T>(T) {
    nest.for_each_row([&](Index to, const std::array<Index, 3>& from) {
      const Boolean* c = call.input(0).as<Boolean>().data() + from[0];
      const T *x = call.input(1).as<T>().data() + from[1], *y = call.input(2).as<T>().data() + from[2];
      T* z = out[0].as<T>().data() + to;
      for (Index i = 0; i < nest.inner_count(); ++i) z[i] = c[i * sc] ? x[i * sx] : y[i * sy];
    });
  });
}

Types infer_clip(const Call& call) {
  require_type<Numbers>(call, 0);
  if (call.version() < 11) {
    require_type<Floats>(call, 0);
    if (call.inputs.size() > 1)
      call.fail("has " + std::to_string(call.inputs.size()) + " inputs; before opset 11 want 1");
    return {{call.input(0).type}};
  }
  for (std::size_t i : {1u, 2u})
    if (call.has(i)) {
      require_dtype(call, i, call.input(0).dtype());
      if (call.input(i).count() != 1)
        call.fail("bound " + std::to_string(i) + " has the shape " + to_string(call.input(i).shape()) +
                  "; want a scalar");
    }
  return {{call.input(0).type}};
}
/// The bound: an attribute before opset 11, then an optional input.
template <class T>
std::optional<T> bound(const Call& call, std::size_t i, std::string_view key) {
  if (call.version() >= 11) return call.has(i) ? std::optional<T>(call.input(i).as<T>()[0]) : std::nullopt;
  return call.node.has_attribute(key) ? std::optional<T>(static_cast<T>(call.node.float_attribute(key, 0)))
                                      : std::nullopt;
}
void eval_clip(const Call& call, std::span<const Result> out) {
  Numbers::visit(call.input(0).dtype(), [&]<class T>(T) {
    const auto low = bound<T>(call, 1, "min"), high = bound<T>(call, 2, "max");
    std::ranges::copy(call.input(0).as<T>(), out[0].as<T>().data());
    // min after max as in numpy: where the bounds cross, the upper one holds.
    if (low)
      for (T& x : out[0].as<T>()) x = x < *low ? *low : x;
    if (high)
      for (T& x : out[0].as<T>()) x = x > *high ? *high : x;
  });
}
}  // namespace

extern const Operator kClip{"Clip", "", 6, 1, 3, infer_clip, eval_clip};
extern const Operator kMax = variadic<Numbers, kLarger>("Max", 8);
extern const Operator kMean{"Mean", "", 8, 1, kAnyNumber, infer_binary<Floats>, eval_mean};
extern const Operator kMin = variadic<Numbers, kSmaller>("Min", 8);
extern const Operator kSum = variadic<Floats, [](auto x, auto y) { return x + y; }>("Sum", 8);
extern const Operator kWhere{"Where", "", 9, 3, 3, infer_where, eval_where};
}  // namespace tulle::ops
