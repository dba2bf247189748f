#pragma once
#include "kernels/layout/kernel.hpp"

namespace tulle::layout {
/// The first `phases.y` x `phases.x` phases of step.y x step.x, one element at a time, for any pair of
/// layouts.
inline void elementwise(const Layout& from, const float* src, const Layout& to, float* dst, Steps step,
                        Steps phases, Part part) noexcept {
  for (Index g = part.first_group; g < part.last_group; ++g)
    for (Index t = part.first_tile; t < part.last_tile; ++t)
      for (Index f = 0; f < to.features; ++f)
        for (int lane = 0; lane < tile_lanes(to, t); ++lane) {
          const Index q = t * kLanes + lane, i = f / phases.x % phases.y, j = f % phases.x;
          const Index y = q / to.pitch * step.y + i, x = q % to.pitch * step.x + j;
          const bool real = column_mask(to, t) >> lane & 1, inside = y < from.height && x < from.width;
          dst[to.at(g, f, 0, t * kLanes) + lane * to.lane_stride] =
              real && inside ? src[from.at(g, f / (phases.y * phases.x), y, x)] : 0.0f;
        }
}
inline void elementwise_deinterleave(const Layout& from, const float* src, const Layout& to, float* dst,
                                     Steps step, Part part) noexcept {
  elementwise(from, src, to, dst, step, step, part);
}
inline void elementwise_subsample(const Layout& from, const float* src, const Layout& to, float* dst,
                                  Steps step, Part part) noexcept {
  elementwise(from, src, to, dst, step, {1, 1}, part);
}
}  // namespace tulle::layout
