#include "kernels/narrow/amx_tiles.hpp"

#include <algorithm>

namespace tulle::narrow {
namespace {
Index tiles_along(Index words) {
  return (words + kTileWords - 1) / kTileWords;
}

/// Which tiles along K the rows [first, first + 16) need.
std::vector<bool> needed(const CsrView& words, Index first, bool all) {
  std::vector<bool> used(static_cast<std::size_t>(tiles_along(words.cols)), all && first < words.rows);
  for (Index i = first; i < std::min(words.rows, first + kTileRows); ++i)
    for (Index e = words.offsets[i]; e < words.offsets[i + 1]; ++e)
      used[static_cast<std::size_t>(words.columns[e] / kTileWords)] = true;
  return used;
}

/// Where along K tile k begins.
std::int32_t begin_of(Index k, Index words) {
  return static_cast<std::int32_t>(std::min(k * kTileWords, words - kTileWords));
}

struct Counts {
  double both = 0, single = 0, row_pairs = 0;
};
Counts count(const CsrView& words, bool keep_empty) {
  Counts n;
  for (Index row = 0; row < words.rows; row += 2 * kTileRows) {
    const auto upper = needed(words, row, keep_empty), lower = needed(words, row + kTileRows, keep_empty);
    ++n.row_pairs;
    for (std::size_t k = 0; k < upper.size(); ++k) {
      n.both += upper[k] && lower[k];
      n.single += upper[k] != lower[k];
    }
  }
  return n;
}
}  // namespace

AmxTiles::AmxTiles(const OnWords& on, bool keep_empty) {
  const CsrView a = on.problem.a;
  const Counts n = count(a, keep_empty);
  words = Buffer<std::int32_t>(static_cast<std::size_t>(n.both + n.single));
  tiles = Buffer<float>(static_cast<std::size_t>(2 * n.both + n.single) * kTileFloats);
  Index entry = 0, tile = 0;
  for (Index row = 0; row < a.rows; row += 2 * kTileRows) {
    const std::vector<bool> used[2] = {needed(a, row, keep_empty), needed(a, row + kTileRows, keep_empty)};
    TileRows pair{.row = row, .first_entry = entry, .first_tile = tile};
    std::vector<Index> place[2] = {std::vector<Index>(used[0].size()), std::vector<Index>(used[0].size())};
    for (int kind = 0; kind < 3; ++kind)
      for (std::size_t k = 0; k < used[0].size(); ++k) {
        const bool upper = kind != 2, lower = kind != 1;
        if (used[0][k] != upper || used[1][k] != lower) continue;
        ++pair.counts[static_cast<std::size_t>(kind)];
        words[static_cast<std::size_t>(entry++)] = begin_of(static_cast<Index>(k), a.cols);
        if (upper) place[0][k] = tile++;
        if (lower) place[1][k] = tile++;
      }
    for (Index i = row; i < std::min(a.rows, row + 2 * kTileRows); ++i)
      for (Index e = a.offsets[i]; e < a.offsets[i + 1]; ++e) {
        const Index k = a.columns[e] / kTileWords, from = begin_of(k, a.cols);
        const Index at = place[(i - row) / kTileRows][static_cast<std::size_t>(k)] * kTileFloats;
        tiles[static_cast<std::size_t>(at + i % kTileRows * kTileWords + a.columns[e] - from)] = a.values[e];
      }
    rows.push_back(pair);
  }
}

std::optional<std::string> refuse_tiles(const Problem& p) {
  if (auto why = refuse_values(p)) return why;
  const Index words = words_of(p.dtype, p.a.cols);
  if (words >= kTileWords) return std::nullopt;
  return std::to_string(p.a.cols) + " columns do not fill a tile of " +
         std::to_string(kTileWords * values_in_word(p.dtype));
}

double tiles_cost_us(const Problem& p, bool keep_empty) {
  const Csr words = pack_words(p.a, p.dtype);
  const Counts n = count(words.view(), keep_empty);
  constexpr double kBoth = 66, kSingle = 36, kBeginAndEnd = 160, kCyclesPerUs = 3300;
  const double pairs = static_cast<double>((p.tiles + 1) / 2);
  return 0.3 + pairs * (kBoth * n.both + kSingle * n.single + kBeginAndEnd * n.row_pairs) / kCyclesPerUs;
}
}  // namespace tulle::narrow
