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
/// For each tap of the kernel, in row-major order, the runs of output positions under which it lies inside
/// the input.
struct Taps {
  std::vector<std::vector<Run>> runs;
  Index step = 1;  ///< stride of the last dimension
};
Taps taps(const Window&);
}  // namespace tulle::ops
