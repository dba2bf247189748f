#include <charconv>
#include <random>

#include "tulle/attention_mask.hpp"

namespace tulle {
namespace {
[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw Error("mask '" + std::string(text) + "'", why);
}

// The numbers after the colon: as many as `names` has, separated by commas.
std::vector<double> numbers(std::string_view text, std::string_view rest, std::size_t wanted) {
  std::vector<double> found;
  const char* at = rest.data();
  const char* end = at + rest.size();
  for (bool more = at < end; more; ++at) {
    double value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || (next < end && *next != ','))
      refuse(text, "want numbers separated by commas");
    found.push_back(value);
    more = next < end;
    at = next;
  }
  if (found.size() != wanted)
    refuse(text, std::to_string(found.size()) + " numbers, want " + std::to_string(wanted));
  return found;
}

Index whole(std::string_view text, double value) {
  if (!(value >= 0 && value <= 2147483647.0)) refuse(text, "sizes are 0 to 2147483647");
  return static_cast<Index>(value);
}

Index square(std::string_view text, Index queries, Index keys) {
  if (queries != keys)
    refuse(text,
           std::to_string(queries) + " queries and " + std::to_string(keys) + " keys; as many are wanted");
  return queries;
}

AttentionMask random_blocks(Index queries, Index keys, Index block, double density) {
  if (block < 1) throw Error("attention mask", "blocks of " + std::to_string(block));
  const AttentionMask coarse =
      AttentionMask::random((queries + block - 1) / block, (keys + block - 1) / block, density, 1);
  std::vector<std::uint8_t> kept;
  for (Index i = 0; i < coarse.queries(); ++i) {
    kept.resize(static_cast<std::size_t>((i + 1) * coarse.keys()));
    for (const KeyRange& range : coarse.row(i))
      for (Index j = range.first; j < range.last; ++j)
        kept[static_cast<std::size_t>(i * coarse.keys() + j)] = 1;
  }
  return AttentionMask::blocks(queries, keys, block, block, kept);
}

// The main diagonal and column 0, and the others by chance.
AttentionMask random_slashes(Index tokens, Index verticals, Index slashes) {
  std::mt19937 bits(1);
  const auto draw = [&](Index count) {
    std::vector<Index> drawn{0};
    for (Index i = 1; i < std::min(count, tokens); ++i) drawn.push_back(static_cast<Index>(bits()) % tokens);
    drawn.resize(static_cast<std::size_t>(std::min(count, static_cast<Index>(drawn.size()))));
    return drawn;
  };
  const std::vector<Index> down = draw(verticals), back = draw(slashes);
  return AttentionMask::vertical_slash(tokens, down, back);
}
}  // namespace

AttentionMask AttentionMask::named(std::string_view text, Index queries, Index keys) {
  const std::size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const std::string_view rest = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  const auto take = [&](std::size_t count) { return numbers(text, rest, count); };
  if (kind == "full") return take(0), full(queries, keys);
  if (kind == "causal") return take(0), causal(queries, keys);
  if (kind == "random") return random(queries, keys, take(1)[0], 1);
  if (kind == "band") {
    const Index width = whole(text, take(1)[0]);
    return window(queries, keys, width, width);
  }
  if (kind == "window") {
    const auto n = take(2);
    return window(queries, keys, whole(text, n[0]), whole(text, n[1]));
  }
  if (kind == "bigbird") {
    const auto n = take(4);
    return bigbird(square(text, queries, keys),
                   {whole(text, n[0]), whole(text, n[1]), whole(text, n[2]), whole(text, n[3]), 1});
  }
  if (kind == "block") {
    const auto n = take(2);
    return random_blocks(queries, keys, whole(text, n[0]), n[1]);
  }
  if (kind == "slash") {
    const auto n = take(2);
    return random_slashes(square(text, queries, keys), whole(text, n[0]), whole(text, n[1]));
  }
  refuse(text,
         "want full, causal, band:N, window:BEFORE,AFTER, bigbird:BLOCK,WINDOW,GLOBAL,RANDOM, "
         "block:SIZE,DENSITY, "
         "slash:VERTICALS,SLASHES or random:DENSITY");
}
}  // namespace tulle
