#pragma once
#include "formats/layout.hpp"
#include "plan/image.hpp"

namespace tulle::plan {
/// How the dimensions of a value become groups, features and columns of a Layout.
enum class Axes {
  tokens,  ///< [.., columns, features]
  image,   ///< [groups, features, (height,) width]
  phases   ///< an image as its only reader, a strided convolution, wants it: features (f * step_y + i) * step_x + j
};

/// Floats that a buffer of this layout needs, the slack behind the last tile included.
Index floats(const Layout&);
bool is_image_shape(const Shape&);  ///< rank 3 or 4
Resolution resolution(const Shape&);
/// Row-major tokens and NCHW as layouts, so that one conversion serves all.
Layout row_major(const Shape&, Axes, bool grouped);
/// An image of this shape [N, C, H, W] stored as [N, H, W, C].
Layout channels_last(const Shape&);
/// Panels of tokens: groups are the leading dimensions when attention needs sequences apart, else all tokens are one
/// group and share panels.
Layout token_panels(const Shape&, bool grouped);
Layout image_panels(const Shape&, const Padding&);
Layout image_planes(const Shape&, const Padding&);
bool all_lanes_in_use(const Layout&);
std::string describe(const Layout&);  ///< "panels 16x[384][16]", "planes 64x[57+...]"
}  // namespace tulle::plan
