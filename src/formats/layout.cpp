#include "formats/layout.hpp"

#include <algorithm>

namespace tulle {
namespace {
Index round_up(Index n, Index unit) {
  return (n + unit - 1) / unit * unit;
}

Layout image_shape(const Shape& shape) {
  Layout l;
  l.groups = shape[0];
  l.features = shape[1];
  l.height = resolution(shape).height;
  l.width = l.pitch = resolution(shape).width;
  return l;
}
}  // namespace

bool is_image_shape(const Shape& shape) {
  return shape.size() == 3 || shape.size() == 4;
}
Resolution resolution(const Shape& shape) {
  return {shape.size() == 4 ? shape[2] : 1, shape.back()};
}

Index floats(const Layout& l) {
  const Index last = l.lead + (l.groups - 1) * l.group_stride + (l.features - 1) * l.feature_stride +
                     (l.tiles() - 1) * l.tile_stride + (kLanes - 1) * l.lane_stride + 1;
  return std::max(l.groups * l.group_stride, last) + kLanes;
}

Layout in_panels(Layout l) {
  l.feature_stride = kLanes;
  l.tile_stride = kLanes * l.features;
  l.group_stride = l.tiles() * l.tile_stride;
  return l;
}

Layout image_rows(const Shape& shape) {
  Layout l = image_shape(shape);
  l.tile_stride = kLanes;
  l.feature_stride = l.height * l.width;
  l.group_stride = l.features * l.feature_stride;
  return l;
}

Layout channels_last(const Shape& shape) {
  Layout l = image_shape(shape);
  l.feature_stride = 1;
  l.lane_stride = l.features;
  l.tile_stride = kLanes * l.features;
  l.group_stride = l.height * l.width * l.features;
  return l;
}

Layout image_panels(const Shape& shape, const Padding& padding) {
  Layout l = image_shape(shape);
  l.pitch = padding.pitch;
  return in_panels(l);
}

Layout image_planes(const Shape& shape, const Padding& padding) {
  Layout l = image_shape(shape);
  l.pitch = padding.pitch;
  l.tile_stride = kLanes;
  l.zero_padded = true;
  l.lead = round_up(padding.above * l.pitch + padding.gap, kLanes);
  const Index behind = round_up(padding.below * l.pitch + padding.gap, kLanes);
  l.feature_stride = l.lead + l.tiles() * kLanes + behind;
  // An odd number of lines: planes spread over the sets of L1.
  if (l.feature_stride / kLanes % 2 == 0) l.feature_stride += kLanes;
  l.group_stride = l.features * l.feature_stride;
  return l;
}

bool all_lanes_in_use(const Layout& l) {
  return l.pitch == l.width && l.columns() % kLanes == 0;
}

std::string describe(const Layout& l) {
  if (l.lane_stride != 1) return "rows";
  if (l.feature_stride == kLanes) return "panels";
  return l.zero_padded ? "planes" : "nchw";
}
}  // namespace tulle
