#pragma once
#include <array>

#include "core/buffer.hpp"
#include "kernels/narrow/words.hpp"

namespace tulle::narrow {
constexpr Index kTileRows = 16, kTileWords = 16,
                kTileFloats = kTileRows * kTileWords;  ///< of a tile register: 1 KiB

/// A in tiles of 16 rows x 16 words (32 bf16, 64 bytes), two row tiles at a time. Along K, first the tiles
/// that both row tiles have, then those of the upper, then those of the lower alone; empty ones are not
/// stored.
struct TileRows {
  Index row = 0;                         ///< the first of up to 32
  std::array<std::int32_t, 3> counts{};  ///< of entries: both, upper, lower
  Index first_entry = 0, first_tile = 0;
};
struct AmxTiles {
  AmxTiles(const OnWords&, bool keep_empty);
  std::size_t bytes() const {
    return tiles.size() * sizeof(float) + words.size() * 4 + rows.size() * sizeof(TileRows);
  }
  std::vector<TileRows> rows;
  Buffer<std::int32_t> words;  ///< of each entry: where its tile begins along K, in words
  Buffer<float> tiles;         ///< [tile][row][word]
};

/// The last tile along K lies so that it ends with K, over words that its neighbour holds: K must fill one.
std::optional<std::string> refuse_tiles(const Problem&);
/// Microseconds of a run.
double tiles_cost_us(const Problem&, bool keep_empty);
}  // namespace tulle::narrow
