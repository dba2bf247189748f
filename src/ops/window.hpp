#pragma once
#include "ops/expect.hpp"

namespace tulle::ops {
/// How a kernel slides over a tensor [N, C, spatial...]: one entry of each list for each spatial dimension.
/// Output position o and tap k meet input position o * stride + k * dilation - pad_begin.
struct Window {
  Shape in, kernel, strides, dilations, pad_begin, pad_end, out;
  std::size_t rank() const { return in.size(); }
  Index reach(std::size_t i) const {
    return (kernel[i] - 1) * dilations[i] + 1;
  }  ///< input positions under the kernel
};

/// Window from the attributes strides, dilations, pads, auto_pad and ceil_mode, for inputs and a kernel of
/// these spatial sizes; fails the call on any that make no sense. out is what ONNX says for Conv and the
/// pools.
Window sliding_window(const Call&, Shape in, Shape kernel);
/// The attributes alone (pads as given, no out), for operators with a rule of their own for sizes.
Window window_attributes(const Call&, Shape in, Shape kernel);
/// Spatial dimensions: those after the first two.
inline Shape spatial(const Shape& shape) {
  return {shape.begin() + 2, shape.end()};
}

/// `count` outputs from `out` on, one after another, meet inputs from `in` on, `step` apart.
struct Run {
  Index out, in, count;
};
/// The taps of a window's kernel, in row-major order.
class Taps {
 public:
  Taps() = default;
  explicit Taps(const Window&);
  Index count() const { return count_; }
  Index step() const { return window_.strides.back(); }  ///< of the last dimension
  /// Where tap t lies inside the input. `scratch` holds the answer when all taps' runs are too many to keep.
  const std::vector<Run>& runs(Index t, std::vector<Run>& scratch) const;

 private:
  Window window_;
  Index count_ = 0;
  std::vector<std::vector<Run>> kept_;
};
}  // namespace tulle::ops
