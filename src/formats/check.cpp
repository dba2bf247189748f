#include "formats/check.hpp"

#include <limits>

namespace tulle {
namespace {
std::string text(Index value) {
  return std::to_string(value);
}
}  // namespace

void check_sizes(const char* where, Index rows, Index cols) {
  constexpr Index kMost = std::numeric_limits<std::int32_t>::max();
  if (rows < 0 || cols < 0 || rows > kMost || cols > kMost)
    throw Error(where, text(rows) + " x " + text(cols) + " is no size of a matrix; 0 to 2147483647 are");
}

void check_count(const char* where, const char* what, std::size_t have, Index want) {
  if (static_cast<Index>(have) != want)
    throw Error(where, text(static_cast<Index>(have)) + " " + what + ", " + text(want) + " are wanted");
}

void check_offsets(const char* where, const char* line, Index lines, std::span<const Index> offsets,
                   std::size_t entries) {
  check_count(where, "offsets", offsets.size(), lines + 1);
  if (offsets[0] != 0) throw Error(where, "the first offset is " + text(offsets[0]) + ", 0 is wanted");
  for (std::size_t i = 1; i < offsets.size(); ++i)
    if (offsets[i] < offsets[i - 1])
      throw Error(where, "the offsets fall from " + text(offsets[i - 1]) + " to " + text(offsets[i]) +
                             " at " + line + " " + text(static_cast<Index>(i) - 1));
  if (offsets.back() != static_cast<Index>(entries))
    throw Error(where, "the last offset is " + text(offsets.back()) + ", but there are " +
                           text(static_cast<Index>(entries)) + " entries");
}

namespace {
/// In range and rising, without saying where not.
bool sound(Index size, std::span<const std::int32_t> line) {
  bool rising = true;
  for (std::size_t p = 1; p < line.size(); ++p) rising &= line[p - 1] < line[p];
  return line.empty() || (rising && line.front() >= 0 && line.back() < size);
}
}  // namespace

void check_indices(const char* where, const char* line, const char* index, Index size,
                   std::span<const Index> offsets, std::span<const std::int32_t> indices) {
  const auto fail = [&](std::size_t i, Index at, const std::string& what) {
    throw Error(where, std::string(line) + " " + text(static_cast<Index>(i)) + ", entry " +
                           text(at - offsets[i]) + ": " + index + " " +
                           text(indices[static_cast<std::size_t>(at)]) + what);
  };
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
    const auto begin = static_cast<std::size_t>(offsets[i]), end = static_cast<std::size_t>(offsets[i + 1]);
    if (sound(size, indices.subspan(begin, end - begin))) continue;
    for (Index p = offsets[i]; p < offsets[i + 1]; ++p) {
      const std::int32_t at = indices[static_cast<std::size_t>(p)];
      if (at < 0 || at >= size) fail(i, p, " is not in [0, " + text(size) + ")");
      if (p == offsets[i]) continue;
      const std::int32_t before = indices[static_cast<std::size_t>(p) - 1];
      if (at == before) fail(i, p, " is there twice");
      if (at < before) fail(i, p, " follows " + text(before) + "; rising ones are wanted");
    }
  }
}
}  // namespace tulle
