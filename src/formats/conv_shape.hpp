#pragma once
#include <vector>

#include "formats/layout.hpp"
#include "tulle/sparse.hpp"

namespace tulle {
/// A 2-D convolution (or 1-D, height 1) as a product: for each output pixel, row (channel, ky, kx) of B is
/// what that tap reads. Dilations, strides and pads as ONNX has them.
struct ConvShape {
  Index images = 1, groups = 1, in_channels = 0, out_channels = 0;
  Index kernel_y = 1, kernel_x = 1, stride_y = 1, stride_x = 1, dilation_y = 1, dilation_x = 1;
  Index pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  Resolution in{}, out{};
  bool strided() const { return stride_y > 1 || stride_x > 1; }
  /// A strided convolution is one of stride 1 over phase images: phase (y, x) holds every stride-th pixel
  /// from (y, x).
  Resolution phase() const;
  /// Tap k of an axis reads phase `phase_of` at distance `shift_of` from the output pixel.
  static Index phase_of(Index k, Index dilation, Index pad, Index stride);
  static Index shift_of(Index k, Index dilation, Index pad, Index stride);
  /// All taps read the output pixel's own position (1x1, patches): the input may lie in panels.
  bool aligned() const;
  /// All taps read phase (0, 0): a 1x1 convolution, strided or not.
  bool reads_one_phase() const;
  /// Of its phase images, if no other convolution reads them; the output, computed under their numbering of
  /// pixels, shares the pitch.
  Padding padding() const;
};

/// Rows that begin at multiples of 16 lanes, or divide them: then the idle lanes of all tiles lie alike, and
/// kernels may leave them out. The next such pitch; it may cost tiles.
Index aligned_pitch(Index pitch);

/// What a convolution reads: the input itself, or for a stride its phase images, features (c * sy + py) * sx
/// + px. When all taps fall on phase (0, 0) that phase alone, features c.
struct ConvSource {
  Layout layout;
  Index phases_y = 1, phases_x = 1;
  Index phase_stride =
      1;  ///< features from a phase to the next. 1: a channel's phases are neighbours; else its channels are
};
ConvSource source_of(const ConvShape&, const Padding&);
/// Floats from a tile to what each (channel, ky, kx) reads.
std::vector<std::int32_t> tap_offsets(const ConvShape&, const ConvSource&);

/// [out][in / groups * taps] as [out][in * taps]: grouped and depthwise convolutions are block diagonal, and
/// the absent blocks are zeros like all others.
Csr ungrouped(const ConvShape&, CsrView weight);
}  // namespace tulle
