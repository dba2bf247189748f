#pragma once
#include "tulle/tensor.hpp"

namespace tulle {
constexpr Index kLanes = 16;  ///< columns of a panel: the f32 lanes of an AVX-512 register

/// Where the elements of an activation lie in a buffer of floats. An activation has groups (images,
/// sequences), features (channels, hidden units) and, per group, height x width columns (pixels; tokens with
/// height 1). Element (g, f, y, x) is at lead + g*group_stride + f*feature_stride + q/16*tile_stride +
/// q%16*lane_stride, with q = y*pitch + x. Row-major tokens [g][x][f] have lane_stride = features; NCHW is
/// planes without padding. Panels: feature_stride 16, tile_stride 16*features (or more): the columns of 16
/// lanes of all features together, what a matrix product wants. Planes: tile_stride 16, feature_stride one
/// zero-padded image: what a k x k convolution wants, every tap being an unaligned load at a constant
/// displacement. The lanes that are no pixel (after each row, after the last row) hold zeros if
/// `zero_padded`, else anything finite.
struct Layout {
  Index groups = 1, features = 1, height = 1, width = 1;
  Index pitch = 1;  ///< lanes from a row to the next; >= width
  Index lead = 0;   ///< floats before element (0, 0, 0, 0); zeros, for taps above the first row
  Index group_stride = 0, feature_stride = 0, tile_stride = 0, lane_stride = 1;
  bool zero_padded = false;

  Index columns() const { return height * pitch; }  ///< lanes of a group in use, padding included
  Index tiles() const { return (columns() + kLanes - 1) / kLanes; }  ///< of 16 lanes, per group
  Index at(Index g, Index f, Index y, Index x) const {
    const Index q = y * pitch + x;
    return lead + g * group_stride + f * feature_stride + q / kLanes * tile_stride + q % kLanes * lane_stride;
  }
  bool operator==(const Layout&) const = default;
};
}  // namespace tulle
