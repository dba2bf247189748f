// Greedy matching: the two columns with the most rows in common become a pair, and so on; for words of four,
// pairs are matched again. On the DLMC core it leaves 4 to 29 % fewer words of four bytes than columns as
// they come.
#include "kernels/narrow/sequence.hpp"

#include <algorithm>
#include <bit>
#include <iterator>

#include "core/target.hpp"

namespace tulle::narrow {
namespace {
constexpr Index kWindow = 512;

/// Columns that share a word or part of one, and the rows in which any of them has an entry, as bits.
struct Bundle {
  std::vector<std::int32_t> columns;
  std::vector<std::uint64_t> rows;
};

TULLE_AVX512 Index in_common(const Bundle& x, const Bundle& y) {
  Index count = 0;
  for (std::size_t i = 0; i < x.rows.size(); ++i) count += std::popcount(x.rows[i] & y.rows[i]);
  return count;
}

/// POPCNT comes with AVX-512.
TULLE_AVX512 Index count_rows(const Bundle& x) {
  Index count = 0;
  for (const std::uint64_t bits : x.rows) count += std::popcount(bits);
  return count;
}

struct Match {
  std::uint16_t first, second;
};
/// All pairs, those with the most rows in common first, in their own order where that is equal.
std::vector<Match> matches(const std::vector<Bundle>& bundles) {
  std::vector<std::vector<Match>> by_rows(bundles.empty() ? 0 : 64 * bundles.front().rows.size() + 1);
  for (std::size_t i = 0; i < bundles.size(); ++i)
    for (std::size_t j = i + 1; j < bundles.size(); ++j)
      by_rows[static_cast<std::size_t>(in_common(bundles[i], bundles[j]))].push_back(
          {static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(j)});
  std::vector<Match> all;
  for (std::size_t rows = by_rows.size(); rows-- > 0;)
    all.insert(all.end(), by_rows[rows].begin(), by_rows[rows].end());
  return all;
}

void join(Bundle& to, const Bundle& other) {
  to.columns.insert(to.columns.end(), other.columns.begin(), other.columns.end());
  for (std::size_t i = 0; i < to.rows.size(); ++i) to.rows[i] |= other.rows[i];
}

/// Bundles of twice as many columns; an odd one comes last.
std::vector<Bundle> paired(std::vector<Bundle> bundles) {
  std::vector<bool> used(bundles.size(), false);
  std::vector<Bundle> pairs;
  for (const Match& m : matches(bundles)) {
    if (used[m.first] || used[m.second]) continue;
    used[m.first] = used[m.second] = true;
    join(bundles[m.first], bundles[m.second]);
    pairs.push_back(std::move(bundles[m.first]));
  }
  for (std::size_t i = 0; i < bundles.size(); ++i)
    if (!used[i]) pairs.push_back(std::move(bundles[i]));
  return pairs;
}

std::vector<Bundle> columns_of(const CsrView& a) {
  std::vector<Bundle> columns(static_cast<std::size_t>(a.cols));
  for (std::size_t k = 0; k < columns.size(); ++k)
    columns[k] = {{static_cast<std::int32_t>(k)},
                  std::vector<std::uint64_t>(static_cast<std::size_t>((a.rows + 63) / 64))};
  for (Index i = 0; i < a.rows; ++i)
    for (Index e = a.offsets[i]; e < a.offsets[i + 1]; ++e)
      columns[static_cast<std::size_t>(a.columns[e])].rows[static_cast<std::size_t>(i / 64)] |=
          std::uint64_t{1} << (i % 64);
  return columns;
}

Index count_words(std::span<Bundle> columns, Index in_word) {
  Index words = 0;
  for (std::size_t k = 0; k < columns.size(); k += static_cast<std::size_t>(in_word)) {
    Bundle word = columns[k];
    for (std::size_t i = k + 1; i < std::min(columns.size(), k + static_cast<std::size_t>(in_word)); ++i)
      join(word, columns[i]);
    words += count_rows(word);
  }
  return words;
}
}  // namespace

std::vector<std::int32_t> fewest_words(const CsrView& a, DType dtype) {
  constexpr double kWorthIt = 0.98;
  std::vector<Bundle> columns = columns_of(a);
  const Index before = count_words(columns, values_in_word(dtype));
  std::vector<std::int32_t> sequence;
  Index words = 0;
  for (Index from = 0; from < a.cols; from += kWindow) {
    const Index to = std::min(a.cols, from + kWindow);
    std::vector<Bundle> window(std::make_move_iterator(columns.begin() + from),
                               std::make_move_iterator(columns.begin() + to));
    for (Index n = 1; n < values_in_word(dtype); n *= 2) window = paired(std::move(window));
    std::stable_partition(window.begin(), window.end(),
                          [&](const Bundle& b) { return std::ssize(b.columns) == values_in_word(dtype); });
    for (const Bundle& word : window) {
      words += count_rows(word);
      sequence.insert(sequence.end(), word.columns.begin(), word.columns.end());
    }
  }
  if (static_cast<double>(words) > kWorthIt * static_cast<double>(before)) return {};
  return sequence;
}

Csr reordered(const CsrView& a, std::span<const std::int32_t> sequence) {
  std::vector<std::int32_t> place(sequence.size());
  for (std::size_t c = 0; c < sequence.size(); ++c)
    place[static_cast<std::size_t>(sequence[c])] = static_cast<std::int32_t>(c);
  Csr b{a.rows, a.cols, {a.offsets.begin(), a.offsets.end()}, {}, {}};
  std::vector<std::pair<std::int32_t, float>> row;
  for (Index i = 0; i < a.rows; ++i) {
    row.clear();
    for (Index e = a.offsets[i]; e < a.offsets[i + 1]; ++e)
      row.emplace_back(place[static_cast<std::size_t>(a.columns[e])], a.values[e]);
    std::sort(row.begin(), row.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
    for (const auto& [column, value] : row) b.columns.push_back(column), b.values.push_back(value);
  }
  return b;
}
}  // namespace tulle::narrow
