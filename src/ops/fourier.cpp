// DFT (17, 20) and STFT-17.
#include <cmath>
#include <numbers>

#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
constexpr Index kMostProducts = Index{1} << 36;  // a direct sum over all lines: beyond it a run would not end

using Complex = std::pair<double, double>;  // std::complex's product minds infinities, which costs a call

/// roots[i] = exp(sign 2 pi sqrt(-1) i / n)
std::vector<Complex> roots_of_one(Index n, double sign) {
  std::vector<Complex> roots(at(n));
  for (Index i = 0; i < n; ++i) {
    const double angle = sign * 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(n);
    roots[at(i)] = {std::cos(angle), std::sin(angle)};
  }
  return roots;
}
/// The first `bins` of the transform of x, which is cut or filled with zeros to as many elements as there are
/// roots.
std::vector<Complex> transform(const std::vector<Complex>& x, const std::vector<Complex>& roots, Index bins) {
  std::vector<Complex> y(at(bins));
  const std::size_t n = roots.size();
  for (std::size_t k = 0; k < y.size(); ++k) {
    std::size_t root = 0;
    for (std::size_t i = 0; i < std::min(x.size(), n); ++i, root = (root + k) % n) {
      y[k].first += x[i].first * roots[root].first - x[i].second * roots[root].second;
      y[k].second += x[i].first * roots[root].second + x[i].second * roots[root].first;
    }
  }
  return y;
}

struct Dft {
  Index axis, n, bins, parts;  ///< parts: 1 for real results, 2 for complex ones
  bool inverse, one_sided;
};
/// nullopt while the length or axis is not known.
std::optional<Dft> dft_of(const Call& call) {
  const Shape& x = call.input(0).shape();
  require_rank(call, 0, 2, 64);
  if (x.back() != 1 && x.back() != 2)
    call.fail(describe(call, 0) + " is neither real nor complex; want 1 or 2 as its last dimension");
  std::optional<Index> axis = call.version() < 20 ? call.node.int_attribute("axis", 1) : -2;
  if (call.version() >= 20 && call.has(2)) axis = integer(call, 2);
  if (!axis) return std::nullopt;
  Dft d{require_axis(call, *axis, call.input(0).rank()), 0, 0, 2, call.node.int_attribute("inverse", 0) != 0,
        call.node.int_attribute("onesided", 0) != 0};
  if (d.axis == call.input(0).rank() - 1)
    call.fail("cannot transform along the dimension of real and imaginary parts");
  const Index given = x[at(d.axis)];
  d.n = d.inverse && d.one_sided ? 2 * (given - 1) : given;
  if (call.has(1)) {
    const auto length = integer(call, 1);
    if (!length) return std::nullopt;
    d.n = *length;
  }
  if (d.n < 1 || d.n > Index{1} << 31) call.fail("its length is " + std::to_string(d.n));
  d.bins = d.one_sided && !d.inverse ? d.n / 2 + 1 : d.n;
  d.parts = d.one_sided && d.inverse ? 1 : 2;
  return d;
}
void bound_products(const Call& call, Index lines, Index n, Index bins) {
  Index products = 1;
  for (Index factor : {lines, n, bins})
    if (__builtin_mul_overflow(products, std::max<Index>(1, factor), &products) || products > kMostProducts)
      call.fail("would add up more than " + std::to_string(kMostProducts) + " products");
}
Types infer_dft(const Call& call) {
  require_type<Floats>(call, 0);
  const auto d = dft_of(call);
  if (!d) return std::nullopt;
  TensorType type = call.input(0).type;
  type.shape[at(d->axis)] = d->bins, type.shape.back() = d->parts;
  require_size(call, type);
  bound_products(call, count_between(type.shape, 0, d->axis) * count_from(type.shape, d->axis + 1), d->n,
                 d->bins);
  return {{type}};
}

/// A half spectrum as the whole one that belongs to a real signal of n elements.
void mirror(std::vector<Complex>& x, Index n) {
  x.resize(at(n / 2 + 1));
  for (Index i = n / 2 + 1; i < n; ++i) x.push_back({x[at(n - i)].first, -x[at(n - i)].second});
}
template <class T>
void dft(const Call& call, const Result& out) {
  const Dft d = *dft_of(call);
  const Shape& shape = call.input(0).shape();
  const Index length = shape[at(d.axis)], in_parts = shape.back();
  const Index inner = count_between(shape, d.axis + 1, call.input(0).rank() - 1),
              outer = count_between(shape, 0, d.axis);
  const std::vector<Complex> roots = roots_of_one(d.n, d.inverse ? 1 : -1);
  const double factor = d.inverse ? 1 / static_cast<double>(d.n) : 1;
  const T* x = call.input(0).as<T>().data();
  T* y = out.as<T>().data();
  for (Index line = 0; line < outer * inner; ++line) {
    std::vector<Complex> signal(at(length));
    for (Index i = 0; i < length; ++i) {
      const T* from = x + ((line / inner * length + i) * inner + line % inner) * in_parts;
      signal[at(i)] = {from[0], in_parts == 2 ? from[1] : T(0)};
    }
    if (d.inverse && d.one_sided) mirror(signal, d.n);
    const std::vector<Complex> result = transform(signal, roots, d.bins);
    for (Index k = 0; k < d.bins; ++k) {
      T* to = y + ((line / inner * d.bins + k) * inner + line % inner) * d.parts;
      to[0] = static_cast<T>(result[at(k)].first * factor);
      if (d.parts == 2) to[1] = static_cast<T>(result[at(k)].second * factor);
    }
  }
}
void eval_dft(const Call& call, std::span<const Result> out) {
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) { dft<T>(call, out[0]); });
}

struct Stft {
  Index step, n, frames, bins;
};
std::optional<Stft> stft_of(const Call& call) {
  require_rank(call, 0, 2, 3);
  const Shape& x = call.input(0).shape();
  if (x.size() == 3 && x[2] != 1 && x[2] != 2) call.fail(describe(call, 0) + " is neither real nor complex");
  const auto step = integer(call, 1), given = call.has(3) ? integer(call, 3) : std::optional<Index>(0);
  if (!step || !given) return std::nullopt;
  require_rank(call, 2, 1, 1);
  Stft s{*step, *given, 0, 0};
  if (!call.has(3)) s.n = call.has(2) ? call.input(2).shape()[0] : 0;
  require_shape(call, 2, {s.n});
  if (s.step < 1 || s.n < 1 || s.n > x[1])
    call.fail("takes frames of " + std::to_string(s.n) + " every " + std::to_string(s.step) + " of " +
              std::to_string(x[1]) + " samples");
  s.frames = (x[1] - s.n) / s.step + 1;
  s.bins = call.node.int_attribute("onesided", 1) != 0 ? s.n / 2 + 1 : s.n;
  return s;
}
Types infer_stft(const Call& call) {
  require_type<Floats>(call, 0);
  if (call.has(2)) require_dtype(call, 2, call.input(0).dtype());
  const auto s = stft_of(call);
  if (!s) return std::nullopt;
  const Index batch = call.input(0).shape()[0];
  const TensorType type = require_size(call, {call.input(0).dtype(), {batch, s->frames, s->bins, 2}});
  bound_products(call, batch * s->frames, s->n, s->bins);
  return {{type}};
}
template <class T>
void stft(const Call& call, const Result& out) {
  const Stft s = *stft_of(call);
  const Shape& shape = call.input(0).shape();
  const Index length = shape[1], parts = shape.size() == 3 ? shape[2] : 1;
  const T* window = call.has(2) ? call.input(2).as<T>().data() : nullptr;
  const std::vector<Complex> roots = roots_of_one(s.n, -1);
  T* y = out.as<T>().data();
  for (Index frame = 0; frame < shape[0] * s.frames; ++frame) {
    const T* x =
        call.input(0).as<T>().data() + (frame / s.frames * length + frame % s.frames * s.step) * parts;
    std::vector<Complex> signal;
    for (Index i = 0; i < s.n; ++i) {
      const double w = window ? double(window[i]) : 1;
      signal.push_back({w * x[i * parts], parts == 2 ? w * x[i * parts + 1] : 0});
    }
    for (const auto& [real, imaginary] : transform(signal, roots, s.bins))
      *y++ = static_cast<T>(real), *y++ = static_cast<T>(imaginary);
  }
}
void eval_stft(const Call& call, std::span<const Result> out) {
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) { stft<T>(call, out[0]); });
}
}  // namespace
extern const Operator kDFT{"DFT", "", 17, 1, 3, infer_dft, widened<eval_dft>};
extern const Operator kSTFT{"STFT", "", 17, 2, 4, infer_stft, widened<eval_stft>};
}  // namespace tulle::ops
