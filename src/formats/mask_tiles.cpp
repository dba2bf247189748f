#include "formats/mask_tiles.hpp"

#include <algorithm>
#include <limits>

namespace tulle {
namespace {
constexpr Index kNone = std::numeric_limits<Index>::max();
using Ranges = std::span<const KeyRange>;

Index next_panel(std::span<const Ranges> rows, Index from) {
  Index next = kNone;
  for (const Ranges& ranges : rows)
    if (!ranges.empty()) next = std::min(next, std::max(from, ranges[0].first / kLanes));
  return next;
}

// Bits of the keys of this panel, and the ranges that end in it passed over.
std::uint16_t take(Ranges& ranges, Index panel) {
  const Index start = panel * kLanes, end = start + kLanes;
  std::uint32_t bits = 0;
  while (!ranges.empty() && ranges[0].first < end) {
    const Index first = std::max<Index>(ranges[0].first, start) - start,
                last = std::min<Index>(ranges[0].last, end) - start;
    if (first < last) bits |= ((1u << last) - 1) & ~((1u << first) - 1);
    if (ranges[0].last > end) break;
    ranges = ranges.subspan(1);
  }
  return static_cast<std::uint16_t>(bits);
}
}  // namespace

template <Index Rows>
MaskTilesOf<Rows>::MaskTilesOf(const AttentionMask& mask) : queries(mask.queries()), keys(mask.keys()) {
  for (Index first = 0; first < queries; first += kRows) {
    std::array<Ranges, kRows> rows;
    for (Index r = 0; r < std::min(kRows, queries - first); ++r)
      rows[static_cast<std::size_t>(r)] = mask.row(first + r);
    std::array<Index, kRows> entries{};
    for (Index panel = next_panel(rows, 0); panel != kNone; panel = next_panel(rows, panel + 1)) {
      RowMasks bits;
      bool whole = true;
      for (std::size_t r = 0; r < bits.size(); ++r) {
        bits[r] = take(rows[r], panel);
        whole &= bits[r] == 0xffff;
        entries[r] += __builtin_popcount(bits[r]);
      }
      tiles.push_back(
          {static_cast<std::int32_t>(panel), whole ? -1 : static_cast<std::int32_t>(masks.size())});
      if (!whole) masks.push_back(bits);
    }
    for (Index r = 0; r < std::min(kRows, queries - first); ++r)
      entry_offsets.push_back(entry_offsets.back() + entries[static_cast<std::size_t>(r)]);
    most_tiles = std::max(most_tiles, static_cast<Index>(tiles.size()) - block_offsets.back());
    block_offsets.push_back(static_cast<Index>(tiles.size()));
  }
}

template <Index Rows>
MaskTilesOf<Rows>::Panels MaskTilesOf<Rows>::panels(Index first, Index last) const {
  Index low = kNone, high = 0;
  for (Index b = first; b < last; ++b)
    if (const auto row = block(b); !row.empty()) {
      low = std::min<Index>(low, row.front().panel);
      high = std::max<Index>(high, row.back().panel + 1);
    }
  return {std::min(low, high), high};
}

template <Index Rows>
double MaskTilesOf<Rows>::fill() const {
  return tiles.empty()
             ? 1
             : static_cast<double>(entry_offsets.back()) / static_cast<double>(tiles.size() * kRows * kLanes);
}

template <Index Rows>
std::size_t MaskTilesOf<Rows>::bytes() const {
  return tiles.size() * sizeof(Tile) + masks.size() * sizeof(RowMasks) +
         (block_offsets.size() + entry_offsets.size()) * sizeof(Index);
}

template struct MaskTilesOf<8>;
template struct MaskTilesOf<16>;
}  // namespace tulle
