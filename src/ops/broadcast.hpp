#pragma once
#include "ops/op.hpp"
#include "ops/strided.hpp"
// Elementwise operators over numpy's broadcasting (ONNX, "Broadcasting").
namespace tulle::ops {
/// The shape that both broadcast to; fails the call when they do not.
Shape broadcast_shape(const Call&, const Shape&, const Shape&);
/// The shape that all inputs of the call broadcast to.
Shape broadcast_shape(const Call&);
/// Strides with which a dense tensor of `shape` is read at the positions of `out`: 0 along what is repeated.
Strides broadcast_strides(const Shape& shape, const Shape& out);

/// out[i] = f(a[i]), f in Compute<A>.
template <class R, class A, class F>
void map(const Argument& a, const Result& out, const F& f) {
  const A* x = a.as<A>().data();
  R* r = out.as<R>().data();
  for (Index i = 0, n = out.count(); i < n; ++i) r[i] = static_cast<R>(f(static_cast<Compute<A>>(x[i])));
}

/// r[i] = f(a[i sa], b[i sb]) for i < n, sa and sb in {0, 1}.
template <class R, class A, class B, class F>
void map_row(const A* a, Index sa, const B* b, Index sb, R* r, Index n, const F& f) {
  using CA = Compute<A>;
  using CB = Compute<B>;
  if (sa == 1 && sb == 1) {
    for (Index i = 0; i < n; ++i) r[i] = static_cast<R>(f(static_cast<CA>(a[i]), static_cast<CB>(b[i])));
  } else if (sb == 1) {
    const CA x = static_cast<CA>(*a);
    for (Index i = 0; i < n; ++i) r[i] = static_cast<R>(f(x, static_cast<CB>(b[i])));
  } else {
    const CB y = static_cast<CB>(*b);
    for (Index i = 0; i < n; ++i) r[i] = static_cast<R>(f(static_cast<CA>(a[i * sa]), y));
  }
}

/// out = f(a, b), both broadcast to out's shape.
template <class R, class A, class B, class F>
void map(const Argument& a, const Argument& b, const Result& out, const F& f) {
  const Shape& shape = out.type.shape;
  const Nest<2> nest(shape, {broadcast_strides(a.shape(), shape), broadcast_strides(b.shape(), shape)});
  const auto [sa, sb] = nest.inner_steps();
  nest.for_each_row([&, sa = sa, sb = sb](Index to, const std::array<Index, 2>& at) {
    map_row(a.as<A>().data() + at[0], sa, b.as<B>().data() + at[1], sb, out.as<R>().data() + to,
            nest.inner_count(), f);
  });
}
}  // namespace tulle::ops
