#pragma once
#include <array>

#include "formats/layout.hpp"
#include "tulle/attention_mask.hpp"

namespace tulle {
/// A mask as tiles of Rows queries x 16 keys, Rows 8 or 16: for each block of queries the panels of 16 keys
/// in which any of them attends. Only a tile that is not whole has masks: bit j of rows[r] is key j of the
/// panel.
template <Index Rows>
struct MaskTilesOf {
  static constexpr Index kRows = Rows;
  struct Tile {
    std::int32_t panel;
    std::int32_t mask;  ///< index into masks, or -1: all pairs
  };
  using RowMasks = std::array<std::uint16_t, kRows>;

  explicit MaskTilesOf(const AttentionMask&);
  Index blocks() const { return static_cast<Index>(block_offsets.size()) - 1; }
  std::span<const Tile> block(Index b) const {
    const auto first = static_cast<std::size_t>(block_offsets[static_cast<std::size_t>(b)]);
    return std::span(tiles).subspan(
        first, static_cast<std::size_t>(block_offsets[static_cast<std::size_t>(b) + 1]) - first);
  }
  /// The masks of the tile's rows; null if it is whole.
  const std::uint16_t* masks_of(const Tile& tile) const {
    return tile.mask < 0 ? nullptr : masks[static_cast<std::size_t>(tile.mask)].data();
  }
  /// The panels that the tiles of blocks [first, last) lie between.
  struct Panels {
    Index first, last;
  };
  Panels panels(Index first, Index last) const;
  double fill() const;  ///< share of the tiles' pairs that are entries
  std::size_t bytes() const;

  Index queries, keys, most_tiles = 0;  ///< most: of a block
  std::vector<Index> block_offsets{0};  ///< blocks + 1: where the tiles of each begin
  std::vector<Tile> tiles;
  std::vector<RowMasks> masks;
  std::vector<Index> entry_offsets{0};  ///< queries + 1: where the entries of each query begin
};
using MaskTiles = MaskTilesOf<8>;
extern template struct MaskTilesOf<8>;
extern template struct MaskTilesOf<16>;
}  // namespace tulle
