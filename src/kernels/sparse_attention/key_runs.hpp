#pragma once
#include "formats/mask_tiles.hpp"

namespace tulle::sparse_attention {
/// For each block of 8 queries the keys that any of them attends to, as runs: what weights are multiplied
/// with. Fewer than the keys of its tiles, but short gaps are part of a run.
struct KeyRuns {
  struct Run {
    std::int32_t key, count;
    std::int32_t score;  ///< where the scores of its first key lie: counted in keys of the block's tiles
  };
  explicit KeyRuns(const MaskTiles&);
  std::span<const Run> block(Index b) const {
    const Index first = offsets[static_cast<std::size_t>(b)], last = offsets[static_cast<std::size_t>(b) + 1];
    return std::span(runs).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first));
  }
  std::size_t bytes() const { return runs.size() * sizeof(Run) + offsets.size() * sizeof(Index); }

  std::vector<Index> offsets{0};
  std::vector<Run> runs;
};
}  // namespace tulle::sparse_attention
