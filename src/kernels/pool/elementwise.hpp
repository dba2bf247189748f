#pragma once
#include <limits>

#include "kernels/pool/kernel.hpp"

namespace tulle::pool {
/// Along one axis: how many of `kernel` looks from `first` on fall into [low, high).
inline Index looks_within(Index first, Index kernel, Index dilation, Index low, Index high) {
  Index count = 0;
  for (Index i = 0; i < kernel; ++i) count += first + i * dilation >= low && first + i * dilation < high;
  return count;
}

/// What the sum at output pixel (y, x) is divided by.
inline Index divisor(const Problem& p, const Layout& in, Index y, Index x) {
  const Index top = y * p.step_y - p.pad_top, left = x * p.step_x - p.pad_left;
  if (p.count_padding)
    return looks_within(top, p.kernel_y, p.dilation_y, -p.pad_top, in.height + p.pad_bottom) *
           looks_within(left, p.kernel_x, p.dilation_x, -p.pad_left, in.width + p.pad_right);
  return looks_within(top, p.kernel_y, p.dilation_y, 0, in.height) *
         looks_within(left, p.kernel_x, p.dilation_x, 0, in.width);
}

/// One output element; x is where the feature's pixel (0, 0) would be for this layout.
inline float element(const Problem& p, const Layout& in, const float* x, Index g, Index f, Index row,
                     Index column) {
  double largest = -std::numeric_limits<double>::infinity(), sum = 0;
  for (Index i = 0; i < p.kernel_y; ++i)
    for (Index j = 0; j < p.kernel_x; ++j) {
      const Index r = row * p.step_y - p.pad_top + i * p.dilation_y;
      const Index c = column * p.step_x - p.pad_left + j * p.dilation_x;
      if (r < 0 || r >= in.height || c < 0 || c >= in.width) continue;
      const double value = x[in.at(g, f, r, c)];
      largest = std::max(largest, value);
      sum += value;
    }
  return static_cast<float>(p.kind == Kind::max ? largest
                                                : sum / static_cast<double>(divisor(p, in, row, column)));
}

inline void elementwise(const Problem& p, const Layout& in, const float* x, const Layout& out, float* y,
                        Part part) noexcept {
  for (Index g = part.first_group; g < part.last_group; ++g)
    for (Index t = part.first_tile; t < part.last_tile; ++t) {
      const std::uint32_t real = column_mask(out, t);
      for (Index f = 0; f < out.features; ++f)
        for (int lane = 0; lane < tile_lanes(out, t); ++lane) {
          const Index q = t * kLanes + lane;
          y[out.at(g, f, 0, t * kLanes) + lane * out.lane_stride] =
              real >> lane & 1 ? element(p, in, x, g, f, q / out.pitch, q % out.pitch) : 0.0f;
        }
    }
}
}  // namespace tulle::pool
