#include "plan/layouts.hpp"

namespace tulle::plan {
namespace {
Layout token_shape(const Shape& shape, bool grouped) {
  Layout l;
  l.features = shape.empty() ? 1 : shape.back();
  Index columns = shape.size() >= 2 ? shape[shape.size() - 2] : 1;
  for (std::size_t i = 0; i + 2 < shape.size(); ++i) l.groups *= shape[i];
  if (!grouped) columns *= l.groups, l.groups = 1;
  l.width = l.pitch = columns;
  return l;
}
}  // namespace

Layout row_major(const Shape& shape, Axes axes, bool grouped) {
  if (axes != Axes::tokens) return image_rows(shape);
  Layout l = token_shape(shape, grouped);
  l.feature_stride = 1;
  l.lane_stride = l.features;
  l.tile_stride = kLanes * l.features;
  l.group_stride = l.width * l.features;
  return l;
}

Layout token_panels(const Shape& shape, bool grouped) { return in_panels(token_shape(shape, grouped)); }
}  // namespace tulle::plan
