#pragma once
#include "kernels/lanes.hpp"

namespace tulle {
/// Where the source's pixels for the 16 lanes of a target's tile lie, when lane (y, x) looks at source pixel
/// (y * y_step + dy, x * x_step + dx) and, for x_step 2, at the next one: element j of the window, j < 16 *
/// x_step, belongs to lane j / x_step. Pixels outside the source belong to no piece.
struct Look {
  Index y_step = 1, x_step = 1, dy = 0, dx = 0;
};

/// Elements of a window that lie side by side in the source: bit j set: element j is source[offset + j].
struct Piece {
  Index offset;
  std::uint32_t elements;
};

struct Window {
  int count = 0;
  Piece pieces[2 * kLanes];
};

/// Bits first .. last - 1.
inline std::uint32_t bits(Index first, Index last) {
  return static_cast<std::uint32_t>((std::uint64_t{1} << last) - (std::uint64_t{1} << first));
}

/// Adds elements [first, last) of the window, which lie at source lanes q, q + 1, ...: one piece for each
/// tile.
inline void add_pieces(const Layout& from, Index first, Index last, Index q, Window& window) {
  while (first < last) {
    const Index lane = q % kLanes, left = last - first;
    const Index run = from.tile_stride == kLanes ? left : std::min(left, kLanes - lane);
    const Index start = from.lead + q / kLanes * from.tile_stride + lane;
    window.pieces[window.count++] = {start - first, bits(first, first + run)};
    first += run;
    q += run;
  }
}

/// The window of a tile; x_step is 1 or 2 and from.lane_stride 1. Offsets are those of group 0 and feature 0.
inline void look(const Layout& from, const Layout& to, Index tile, const Look& at, Window& window) {
  window.count = 0;
  Index y = tile * kLanes / to.pitch, x = tile * kLanes % to.pitch;
  for (Index lane = 0; lane < kLanes && y < to.height; x = 0, ++y) {
    const Index run = std::min(kLanes - lane, to.pitch - x), real = std::min(run, to.width - x);
    const Index source_y = y * at.y_step + at.dy, source_x = x * at.x_step + at.dx;
    if (source_y >= 0 && source_y < from.height && real > 0) {
      const Index skip = std::max(Index{0}, -source_x),
                  many = std::min(real * at.x_step, from.width - source_x);
      add_pieces(from, lane * at.x_step + skip, lane * at.x_step + many,
                 source_y * from.pitch + source_x + skip, window);
    }
    lane += run;
  }
}
}  // namespace tulle
