#pragma once
#include "kernels/resize/kernel.hpp"

namespace tulle::resize {
inline float element(const Axis& rows, const Axis& columns, const Layout& from, const float* src, Index g,
                     Index f, Index y, Index x) {
  const Index top = rows.low[y], left = columns.low[x];
  if (!rows.high) return src[from.at(g, f, top, left)];
  const Index bottom = rows.high[y], right = columns.high[x];
  const double down = rows.weight[y], over = columns.weight[x];
  const double above = (1 - over) * src[from.at(g, f, top, left)] + over * src[from.at(g, f, top, right)];
  const double below =
      (1 - over) * src[from.at(g, f, bottom, left)] + over * src[from.at(g, f, bottom, right)];
  return static_cast<float>((1 - down) * above + down * below);
}

inline void elementwise(Axis rows, Axis columns, const Layout& from, const float* src, const Layout& to,
                        float* dst, Part part) noexcept {
  for (Index g = part.first_group; g < part.last_group; ++g)
    for (Index t = part.first_tile; t < part.last_tile; ++t) {
      const std::uint32_t real = column_mask(to, t);
      for (Index f = 0; f < to.features; ++f)
        for (int lane = 0; lane < tile_lanes(to, t); ++lane) {
          const Index q = t * kLanes + lane;
          dst[to.at(g, f, 0, t * kLanes) + lane * to.lane_stride] =
              real >> lane & 1 ? element(rows, columns, from, src, g, f, q / to.pitch, q % to.pitch) : 0.0f;
        }
    }
}
}  // namespace tulle::resize
