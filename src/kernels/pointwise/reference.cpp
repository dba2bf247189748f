// The specification in code: one element at a time, in f64.
#include "kernels/pointwise/scalar.hpp"

namespace tulle::pointwise {
namespace {
template <int K>
void tile(Activation a, float* c, Index stride, Index rows) noexcept {
  a.kind = static_cast<ActivationKind>(K);
  for (Index row = 0; row < rows; ++row)
    for (Index lane = 0; lane < kLanes; ++lane) {
      float& x = c[row * stride + lane];
      x = static_cast<float>(activate(a, x));
    }
}

void unary(Activation a, const float* x, float* y, Index count) noexcept {
  for (Index i = 0; i < count; ++i) y[i] = static_cast<float>(activate(a, x[i]));
}

void binary(BinaryKind kind, const float* a, Index a_step, const float* b, Index b_step, Activation act,
            float* y, Index count) noexcept {
  for (Index i = 0; i < count; ++i)
    y[i] = static_cast<float>(activate(act, combine(kind, a[i * a_step], b[i * b_step])));
}

double per_feature_value(const PerFeature& p, Index f, double x) {
  double value = x * (p.scale ? p.scale[f] : 1.0f) + (p.shift ? p.shift[f] : -0.0f);
  if (p.slope && value < 0) value *= p.slope[f];
  return activate(p.activation, value);
}

/// Calls body(position, group, feature, q, real) for every lane that the part may write.
template <class Body>
void for_lanes(const Layout& layout, Part part, const Body& body) {
  for (Index g = part.first_group; g < part.last_group; ++g)
    for (Index t = part.first_tile; t < part.last_tile; ++t)
      for (Index f = 0; f < layout.features; ++f)
        for (int lane = 0; lane < tile_lanes(layout, t); ++lane) {
          const Index at = layout.at(g, f, 0, t * kLanes) + lane * layout.lane_stride;
          body(at, g, f, t * kLanes + lane, (column_mask(layout, t) >> lane & 1) != 0);
        }
}

void per_feature(const PerFeature& p, const Layout& layout, const float* x, float* y, Part part) noexcept {
  for_lanes(layout, part, [&](Index at, Index, Index f, Index, bool real) {
    y[at] = real ? static_cast<float>(per_feature_value(p, f, x[at])) : 0.0f;
  });
}

void per_column(BinaryKind kind, const Layout& layout, const float* x, const float* b, Index b_group_stride,
                float* y, Part part) noexcept {
  for_lanes(layout, part, [&](Index at, Index g, Index, Index q, bool real) {
    y[at] = real ? static_cast<float>(combine(kind, x[at], b[g * b_group_stride + q])) : 0.0f;
  });
}
}  // namespace

extern constinit const Kernel reference{"pointwise/reference",
                                        Features::none,
                                        {tile<0>, tile<1>, tile<2>, tile<3>, tile<4>, tile<5>, tile<6>,
                                         tile<7>, tile<8>, tile<9>, tile<10>, tile<11>},
                                        unary,
                                        binary,
                                        per_feature,
                                        per_column};
}  // namespace tulle::pointwise
