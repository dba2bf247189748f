#pragma once
#include "formats/mask_tiles.hpp"

namespace tulle::sparse_attention {
/// For each block of 16 queries its panels of 16 keys two by two, as bf16 products take 32 keys in a step: a panel
/// whose neighbour is not attended to is alone.
struct KeyPairs {
  struct Pair {
    std::int32_t panel, panels;  ///< the first, and 1 or 2
  };
  static constexpr Index kPanelWords = 128;  ///< a panel of 16 dimensions is 8 rows of 16 words

  explicit KeyPairs(const MaskTilesOf<16>&);
  std::span<const Pair> block(Index b) const { return part(std::span(pairs), b); }
  /// Where the values of each pair begin, in words behind those of panel 0.
  std::span<const Index> steps(Index b) const { return part(std::span(starts), b); }
  std::size_t bytes() const {
    return pairs.size() * (sizeof(Pair) + sizeof(Index)) + offsets.size() * sizeof(Index);
  }

  Index most = 0;  ///< of a block
  std::vector<Index> offsets{0};
  std::vector<Pair> pairs;
  std::vector<Index> starts;

 private:
  template <class T>
  std::span<const T> part(std::span<const T> all, Index b) const {
    const Index first = offsets[static_cast<std::size_t>(b)], last = offsets[static_cast<std::size_t>(b) + 1];
    return all.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first));
  }
};
}  // namespace tulle::sparse_attention
