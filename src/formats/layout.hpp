#pragma once
#include <string>

#include "tulle/layout.hpp"

namespace tulle {
/// Floats that a buffer of this layout needs, the slack behind the last tile included.
Index floats(const Layout&);
bool all_lanes_in_use(const Layout&);
std::string describe(const Layout&);  ///< "panels", "planes", "nchw", "rows"

struct Resolution {
  Index height, width;
  auto operator<=>(const Resolution&) const = default;
};
bool is_image_shape(const Shape&);  ///< rank 3 or 4
Resolution resolution(const Shape&);

/// How much zero padding convolutions want around images of one resolution, and the distance from row to row
/// that follows.
struct Padding {
  Index gap = 0;               ///< zero lanes between rows: the largest left or right padding
  Index above = 0, below = 0;  ///< rows of zeros
  Index pitch = 0;
};

/// Images of this shape [N, C, (H,) W] as they lie in ONNX, as [N, H, W, C], in panels, in planes.
Layout image_rows(const Shape&);
Layout channels_last(const Shape&);
Layout image_panels(const Shape&, const Padding&);
Layout image_planes(const Shape&, const Padding&);
/// The layout with its columns in panels: what remains is to say groups, features, height, width and pitch.
Layout in_panels(Layout);
}  // namespace tulle
