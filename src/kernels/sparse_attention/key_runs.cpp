#include "kernels/sparse_attention/key_runs.hpp"

namespace tulle::sparse_attention {
namespace {
constexpr std::int32_t kShortGap = 4;  // keys that cost less than to begin a run: sums go to memory and back

/// Keys of the panel that any of the 8 queries attends to.
std::uint32_t used_keys(const MaskTiles& tiles, const MaskTiles::Tile& tile) {
  const std::uint16_t* masks = tiles.masks_of(tile);
  std::uint32_t used = masks ? 0 : 0xffff;
  for (Index r = 0; masks && r < MaskTiles::kRows; ++r) used |= masks[r];
  return used;
}
}  // namespace

KeyRuns::KeyRuns(const MaskTiles& tiles) {
  for (Index b = 0; b < tiles.blocks(); ++b) {
    std::int32_t score = 0;
    for (const MaskTiles::Tile& tile : tiles.block(b)) {
      for (std::uint32_t used = used_keys(tiles, tile); used; used &= used - 1) {
        const std::int32_t j = __builtin_ctz(used), key = tile.panel * static_cast<std::int32_t>(kLanes) + j;
        const bool begun = static_cast<Index>(runs.size()) > offsets.back();
        // A gap between tiles that do not follow each other has no scores.
        const bool joins = begun && key - runs.back().key == score + j - runs.back().score &&
                           key - (runs.back().key + runs.back().count) < kShortGap;
        if (joins)
          runs.back().count = key + 1 - runs.back().key;
        else
          runs.push_back({key, 1, score + j});
      }
      score += static_cast<std::int32_t>(kLanes);
    }
    offsets.push_back(static_cast<Index>(runs.size()));
  }
}
}  // namespace tulle::sparse_attention
