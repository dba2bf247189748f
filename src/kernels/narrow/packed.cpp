#include "kernels/narrow/packed.hpp"

#include <algorithm>
#include <map>

namespace tulle::narrow {
namespace {
struct Entry {
  int half = 0;
  unsigned subset = 0;
  std::int32_t b_row = 0;
  std::array<float, kGroupRows> values{};
  auto key() const { return std::tuple(half, subset, b_row); }
};

/// The columns of rows [first, first + rows) in the order of the packed form.
std::vector<Entry> entries_of(const linear::Problem& p, Index first, Index rows, bool two_halves) {
  std::map<std::int32_t, Entry> by_column;
  for (Index i = 0; i < rows; ++i)
    for (Index e = p.a.offsets[first + i]; e < p.a.offsets[first + i + 1]; ++e) {
      const std::int32_t column = p.a.columns[e];
      Entry& entry = by_column[column];
      entry.half = two_halves ? column % 2 : 0;
      entry.b_row = p.b_offsets[column] / static_cast<std::int32_t>(kLanes);
      entry.subset |= 1u << i;
      entry.values[static_cast<std::size_t>(i)] = p.a.values[e];
    }
  std::vector<Entry> entries;
  for (const auto& [column, entry] : by_column) entries.push_back(entry);
  std::sort(entries.begin(), entries.end(), [](const Entry& x, const Entry& y) { return x.key() < y.key(); });
  return entries;
}
}  // namespace

PackedWords::PackedWords(const linear::Problem& p, bool two_halves) : values(p.a.values.size()) {
  std::vector<std::uint16_t> all_rows;
  Index value = 0;
  for (Index row = 0; row < p.a.rows; row += kGroupRows) {
    PackedGroup group{row, std::min<Index>(kGroupRows, p.a.rows - row), std::ssize(all_rows), value};
    for (const Entry& entry : entries_of(p, group.row, group.rows, two_halves)) {
      ++group.counts[static_cast<std::size_t>(entry.half)][entry.subset - 1];
      all_rows.push_back(static_cast<std::uint16_t>(entry.b_row));
      for (unsigned i = 0; i < kGroupRows; ++i)
        if (entry.subset >> i & 1) values[static_cast<std::size_t>(value++)] = entry.values[i];
    }
    groups.push_back(group);
  }
  b_rows = Buffer<std::uint16_t>(all_rows.size());
  std::copy(all_rows.begin(), all_rows.end(), b_rows.begin());
}

std::optional<std::string> refuse_packed(const Problem& p) {
  if (auto why = refuse_values(p)) return why;
  constexpr Index kMostRows = 65'536;
  if (words_of(p.dtype, p.a.cols) <= kMostRows) return std::nullopt;
  return std::to_string(p.a.cols) + " columns make more rows of words than 16 bits can name (" +
         std::to_string(kMostRows) + ")";
}

double packed_us(const linear::Problem& p, double scale) {
  const double entries = static_cast<double>(p.a.nnz()), tiles = static_cast<double>(p.tiles);
  const double cells = std::max(1.0, static_cast<double>(p.a.rows) * static_cast<double>(p.a.cols));
  const double cycles = scale * std::min(2.6, 1.15 + 0.06 * (cells / std::max(entries, cells / 50) - 1));
  return 0.3 + (entries * tiles * cycles + static_cast<double>(p.a.rows) * tiles * 4) / 3400;
}
}  // namespace tulle::narrow
