#include "library/placed_product.hpp"

#include "core/threads.hpp"
#include "formats/layout.hpp"
#include "kernels/lanes.hpp"

namespace tulle::library {
using linear::Tile;

std::vector<Tile> product_tiles(const PlacedProduct& p) {
  std::vector<Tile> tiles;
  const auto start = [&](const Layout& l, Index g, Index phase, Index t) {
    return l.lead + g * l.group_stride + phase * l.feature_stride + t * l.tile_stride;
  };
  for (Index i = 0; i < p.out.groups * p.phases; ++i)
    for (Index t = 0; t < p.out.tiles(); ++t) {
      const Index g = i / p.phases, phase = i % p.phases;
      Tile tile;
      tile.b = start(p.in, g, phase, t);
      tile.c = start(p.out, g, phase, t);
      if (p.residual) tile.r = start(*p.residual, g, phase, t);
      tile.lanes = column_mask(p.out, t);
      tiles.push_back(tile);
    }
  return tiles;
}

linear::Problem problem_of(const PlacedProduct& p, Index tiles) {
  linear::Problem q;
  q.a = p.weight.view();
  q.b_offsets = p.b_offsets;
  q.bias = p.bias;
  q.c_stride = p.phases * p.out.feature_stride;
  q.r_stride = p.residual ? p.residual->feature_stride : kLanes;
  q.residual = p.residual.has_value();
  q.mask = p.out.zero_padded && !all_lanes_in_use(p.out);
  q.activation = p.activation;
  q.tiles = tiles;
  q.lanes = p.phases * p.out.groups * p.out.height * p.out.width;
  return q;
}

/// One thread walks all tiles for its share of the work. Threads share out the tiles where that gives each as
/// many, for B is then read once (1.1 to 1.4 times as fast as sharing out rows, on MiniLM-L6 at 128 tokens
/// and two threads); few tiles: they share out the rows of C, so that each streams its part of the weights.
void run_tiles(const linear::Prepared& p, std::span<const Tile> tiles, int threads, const float* b, float* c,
               const float* r) noexcept {
  const Index count = static_cast<Index>(tiles.size());
  if (threads == 1) {
    p.run(tiles, 0, p.blocks(), b, c, r);
  } else if (count >= 4 * threads || (count >= 2 * threads && count % threads == 0) || p.blocks() < threads) {
    parallel_for(count, threads, [&](Index first, Index last) {
      p.run(tiles.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first)), 0,
            p.blocks(), b, c, r);
    });
  } else {
    parallel_for(p.blocks(), threads, [&](Index first, Index last) { p.run(tiles, first, last, b, c, r); });
  }
}
}  // namespace tulle::library
