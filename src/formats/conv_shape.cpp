#include "formats/conv_shape.hpp"

#include <algorithm>

namespace tulle {
namespace {
Index floor_div(Index a, Index b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}
Index ceil_div(Index a, Index b) {
  return (a + b - 1) / b;
}

/// How far the taps of one axis reach before the first and behind the last row of a phase image.
struct Reach {
  Index before = 0, behind = 0;
};
Reach reach(Index kernel, Index dilation, Index pad, Index stride, Index out, Index phase_size) {
  Reach r;
  for (Index k = 0; k < kernel; ++k) {
    const Index shift = ConvShape::shift_of(k, dilation, pad, stride);
    r.before = std::max(r.before, -shift);
    r.behind = std::max(r.behind, shift + out - phase_size);
  }
  return r;
}
}  // namespace

Index ConvShape::phase_of(Index k, Index dilation, Index pad, Index stride) {
  const Index at = k * dilation - pad;
  return at - floor_div(at, stride) * stride;
}
Index ConvShape::shift_of(Index k, Index dilation, Index pad, Index stride) {
  return floor_div(k * dilation - pad, stride);
}
Resolution ConvShape::phase() const {
  return {ceil_div(in.height, stride_y), ceil_div(in.width, stride_x)};
}
bool ConvShape::aligned() const {
  for (Index k = 0; k < kernel_y; ++k)
    if (shift_of(k, dilation_y, pad_top, stride_y) != 0) return false;
  for (Index k = 0; k < kernel_x; ++k)
    if (shift_of(k, dilation_x, pad_left, stride_x) != 0) return false;
  return out == phase();
}
bool ConvShape::reads_one_phase() const {
  return kernel_y == 1 && kernel_x == 1 && pad_top == 0 && pad_left == 0;
}

Padding ConvShape::padding() const {
  const Reach y = reach(kernel_y, dilation_y, pad_top, stride_y, out.height, phase().height);
  const Reach x = reach(kernel_x, dilation_x, pad_left, stride_x, out.width, phase().width);
  Padding p{.gap = std::max(x.before, x.behind), .above = y.before, .below = y.behind};
  p.pitch = std::max(phase().width + p.gap, out.width);
  const auto tiles = [&](Index pitch) {
    return ceil_div(std::max(phase().height, out.height) * pitch, kLanes);
  };
  if (const Index wider = aligned_pitch(p.pitch); tiles(wider) == tiles(p.pitch)) p.pitch = wider;
  return p;
}

Index aligned_pitch(Index pitch) {
  Index lanes = pitch > kLanes ? ceil_div(pitch, kLanes) * kLanes : 1;
  while (lanes < pitch) lanes *= 2;
  return lanes;
}

ConvSource source_of(const ConvShape& c, const Padding& padding) {
  ConvSource s;
  if (!c.reads_one_phase()) s.phases_y = c.stride_y, s.phases_x = c.stride_x;
  const Shape shape{c.images, c.in_channels * s.phases_y * s.phases_x, c.phase().height, c.phase().width};
  s.layout = c.aligned() ? image_panels(shape, padding) : image_planes(shape, padding);
  return s;
}

std::vector<std::int32_t> tap_offsets(const ConvShape& c, const ConvSource& s) {
  const Index channel_stride = s.phase_stride == 1 ? s.phases_y * s.phases_x : 1;
  std::vector<std::int32_t> offsets;
  for (Index channel = 0; channel < c.in_channels; ++channel)
    for (Index ky = 0; ky < c.kernel_y; ++ky)
      for (Index kx = 0; kx < c.kernel_x; ++kx) {
        const Index py = ConvShape::phase_of(ky, c.dilation_y, c.pad_top, c.stride_y) % s.phases_y;
        const Index px = ConvShape::phase_of(kx, c.dilation_x, c.pad_left, c.stride_x) % s.phases_x;
        const Index feature = channel * channel_stride + (py * s.phases_x + px) * s.phase_stride;
        const Index shift = ConvShape::shift_of(ky, c.dilation_y, c.pad_top, c.stride_y) * s.layout.pitch +
                            ConvShape::shift_of(kx, c.dilation_x, c.pad_left, c.stride_x);
        offsets.push_back(static_cast<std::int32_t>(feature * s.layout.feature_stride + shift));
      }
  return offsets;
}

Csr ungrouped(const ConvShape& c, CsrView w) {
  Csr a{c.out_channels,
        c.in_channels * c.kernel_y * c.kernel_x,
        {w.offsets.begin(), w.offsets.end()},
        {w.columns.begin(), w.columns.end()},
        {w.values.begin(), w.values.end()}};
  const Index rows_per_group = c.out_channels / c.groups;
  for (Index i = rows_per_group; i < a.rows; ++i)
    for (Index e = a.offsets[i]; e < a.offsets[i + 1]; ++e)
      a.columns[e] += static_cast<std::int32_t>(i / rows_per_group * w.cols);
  return a;
}
}  // namespace tulle
