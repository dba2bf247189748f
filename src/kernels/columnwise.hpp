#pragma once
#include "kernels/lanes.hpp"

namespace tulle {
/// body(from, to, real) for every lane of the part: where feature 0 of the column lies in the two buffers.
template <class Body>
void for_columns(const Layout& in, const Layout& out, Part part, const Body& body) {
  for (Index g = part.first_group; g < part.last_group; ++g)
    for (Index t = part.first_tile; t < part.last_tile; ++t) {
      const std::uint32_t real = column_mask(out, t);
      const Index from = in.at(g, 0, 0, t * kLanes), to = out.at(g, 0, 0, t * kLanes);
      for (int lane = 0; lane < tile_lanes(out, t); ++lane)
        body(from + lane * in.lane_stride, to + lane * out.lane_stride, (real >> lane & 1) != 0);
    }
}
}  // namespace tulle
