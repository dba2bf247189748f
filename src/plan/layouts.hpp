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

/// Row-major tokens and NCHW as layouts, so that one conversion serves all.
Layout row_major(const Shape&, Axes, bool grouped);
/// Panels of tokens: groups are the leading dimensions when attention needs sequences apart, else all tokens are one
/// group and share panels.
Layout token_panels(const Shape&, bool grouped);
}  // namespace tulle::plan
