#include "kernels/linear/packed_rows.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tulle::linear {
namespace {
Index length(const CsrView& a, Index row) {
  return a.offsets[row + 1] - a.offsets[row];
}

/// Rows [first, last), the shortest first.
std::vector<std::int32_t> by_length(const CsrView& a, Index first, Index last) {
  std::vector<std::int32_t> rows(static_cast<std::size_t>(last - first));
  std::iota(rows.begin(), rows.end(), static_cast<std::int32_t>(first));
  std::stable_sort(rows.begin(), rows.end(), [&](auto x, auto y) { return length(a, x) < length(a, y); });
  return rows;
}

RowSlice slice_of(const CsrView& a, std::span<const std::int32_t> rows) {
  RowSlice s;
  s.live = static_cast<std::int32_t>(rows.size());
  s.steps = static_cast<std::int32_t>(length(a, rows[0]));
  s.rows.fill(rows[0]);
  std::copy(rows.begin(), rows.end(), s.rows.begin());
  return s;
}

std::uint16_t times8(std::int32_t column) {
  return static_cast<std::uint16_t>(8 * column);
}
}  // namespace

PackedRows::PackedRows(const Problem& p) : rows(p.a.rows) {
  Index steps = 0;
  for (Index first = 0; first < rows; first += kWindowRows) {
    const std::vector<std::int32_t> sorted = by_length(p.a, first, std::min(rows, first + kWindowRows));
    for (std::size_t i = 0; i < sorted.size(); i += kSliceRows) {
      RowSlice s =
          slice_of(p.a, std::span(sorted).subspan(i, std::min<std::size_t>(kSliceRows, sorted.size() - i)));
      s.first = steps * kSliceRows;
      steps += s.steps;
      slices.push_back(s);
    }
  }
  values = Buffer<float>(static_cast<std::size_t>(steps) * kSliceRows);
  columns8 = Buffer<std::uint16_t>(values.size());
  for (RowSlice& s : slices) {
    s.first_rest = std::ssize(rest);
    for (std::int32_t i = 0; i < s.live; ++i) {
      const Index begin = p.a.offsets[s.rows[static_cast<std::size_t>(i)]];
      const Index count = length(p.a, s.rows[static_cast<std::size_t>(i)]);
      for (Index e = 0; e < count; ++e) {
        const float value = p.a.values[static_cast<std::size_t>(begin + e)];
        const std::uint16_t column = times8(p.a.columns[static_cast<std::size_t>(begin + e)]);
        const auto at = static_cast<std::size_t>(s.first + e * kSliceRows + i);
        if (e < s.steps)
          values[at] = value, columns8[at] = column;
        else
          rest.push_back({value, column, static_cast<std::uint16_t>(i)});
      }
    }
    s.rests = static_cast<std::int32_t>(std::ssize(rest) - s.first_rest);
  }
}

std::size_t PackedRows::bytes() const {
  return slices.size() * sizeof(RowSlice) + values.size() * sizeof(float) +
         columns8.size() * sizeof(std::uint16_t) + rest.size() * sizeof(RestEntry);
}

std::optional<std::string> refuse_rows(const Problem& p) {
  constexpr Index kMostColumns = 65536 / 8;
  if (p.a.cols > kMostColumns)
    return std::to_string(p.a.cols) + " columns, more than " + std::to_string(kMostColumns);
  for (std::size_t k = 0; k < p.b_offsets.size(); ++k)
    if (p.b_offsets[k] != static_cast<std::int32_t>(k) * kLanes)
      return "row " + std::to_string(k) + " of B lies at " + std::to_string(p.b_offsets[k]) + ", not " +
             std::to_string(static_cast<Index>(k) * kLanes);
  return std::nullopt;
}

double rows_cost_us(const Problem& p, double scale) {
  const double nnz = static_cast<double>(p.a.nnz()), tiles = static_cast<double>(p.tiles);
  const double pairs = std::ceil(tiles / 2), cycles = 0.6 * pairs + 0.65 * tiles;
  return std::max((nnz * cycles * scale + static_cast<double>(p.a.rows) * tiles * 6) / 3600,
                  nnz * 6.2 / 50e3);
}
}  // namespace tulle::linear
