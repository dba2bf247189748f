#pragma once
#include <map>
#include <vector>
#include "graph/graph.hpp"

namespace tulle::plan {
struct Resolution {
  Index height, width;
  auto operator<=>(const Resolution&) const = default;
};

/// How much zero padding convolutions want around images of one resolution, and the distance from row to row that
/// follows. Resolutions that a convolution of stride 1 connects share a pitch, because it computes its output under
/// its input's numbering of pixels.
struct Padding {
  Index gap = 0;               ///< zero lanes between rows: the largest left or right padding
  Index above = 0, below = 0;  ///< rows of zeros
  Index pitch = 0;
};

/// A 2-D (or 1-D, height 1) convolution as the layout pass sees it.
struct ConvShape {
  Index images = 1, groups = 1, in_channels = 0, out_channels = 0;
  Index kernel_y = 1, kernel_x = 1, stride_y = 1, stride_x = 1, dilation_y = 1, dilation_x = 1;
  Index pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  Resolution in{}, out{};
  bool strided() const { return stride_y > 1 || stride_x > 1; }
  /// A strided convolution is one of stride 1 over phase images: phase (y, x) holds every stride-th pixel from (y, x).
  Resolution phase() const;
  /// Tap k of an axis reads phase `phase_of` at distance `shift_of` from the output pixel.
  static Index phase_of(Index k, Index dilation, Index pad, Index stride);
  static Index shift_of(Index k, Index dilation, Index pad, Index stride);
  /// All taps read the output pixel's own position (1x1, patches): the input may lie in panels.
  bool aligned() const;
};
ConvShape conv_shape(const graph::Graph&, const graph::Node&);
bool is_image_conv(const graph::Graph&, const graph::Node&);  ///< f32 tulle.Conv of rank 3 or 4 with constant weight

class ImageAnalysis {
 public:
  explicit ImageAnalysis(const graph::Graph&);
  Padding padding(Resolution) const;
  /// Some reader, seen through element-wise nodes, is a convolution with taps beside the pixel, or a pool.
  bool wants_planes(graph::ValueId id) const { return planes_[static_cast<std::size_t>(id)]; }

 private:
  void need(Resolution, Index gap, Index above, Index below);
  void join(Resolution, Resolution);
  void align_pitches();
  Resolution root(Resolution) const;
  std::map<Resolution, Resolution> parent_;
  std::map<Resolution, Padding> needs_;
  std::map<Resolution, Index> pitch_;
  std::vector<bool> planes_;
};
}  // namespace tulle::plan
