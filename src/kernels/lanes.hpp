#pragma once
#include <algorithm>

#include "formats/layout.hpp"

namespace tulle {
/// A part of an activation, for threads to share: tiles [first_tile, last_tile) of groups [first_group,
/// last_group).
struct Part {
  Index first_group, last_group, first_tile, last_tile;
};
inline Part whole(const Layout& layout) {
  return {0, layout.groups, 0, layout.tiles()};
}

/// Lanes of a group that are the layout's own memory and so may be written: whole tiles, unless what follows
/// the last column is the next feature (NCHW) or the next token's row (row-major).
inline Index own_lanes(const Layout& layout) {
  const Index all = layout.tiles() * kLanes;
  if (layout.lane_stride != 1) return layout.columns();
  if (layout.tile_stride != kLanes) return all;
  const Index image = layout.features > 1 ? layout.feature_stride
                      : layout.groups > 1 ? layout.group_stride
                                          : std::max(layout.feature_stride, layout.group_stride);
  return std::max(layout.columns(), std::min(all, image));
}

/// Lanes of this tile that may be written: 16 but in the last tile.
inline int tile_lanes(const Layout& layout, Index tile) {
  return static_cast<int>(std::min(kLanes, own_lanes(layout) - tile * kLanes));
}

/// Bit i: lane i of this tile is a real column.
inline std::uint32_t column_mask(const Layout& layout, Index tile) {
  std::uint32_t mask = 0;
  Index y = tile * kLanes / layout.pitch, x = tile * kLanes % layout.pitch;
  for (Index lane = 0; lane < kLanes && y < layout.height;) {
    const Index run = std::min(kLanes - lane, layout.pitch - x);
    const Index real = std::clamp(layout.width - x, Index{0}, run);
    mask |= ((1u << real) - 1) << lane;
    lane += run;
    x = 0;
    ++y;
  }
  return mask;
}
}  // namespace tulle
