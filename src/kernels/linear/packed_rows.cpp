#include "kernels/linear/packed_rows.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/linear/order.hpp"

namespace tulle::linear {
namespace {
/// The entries of a row in some columns.
struct Entries {
  Index first, count;
};

std::vector<Entries> entries_of(const CsrView& a, Index first_column, Index last_column) {
  std::vector<Entries> rows;
  for (Index i = 0; i < a.rows; ++i) {
    const auto row = a.columns.subspan(static_cast<std::size_t>(a.offsets[i]),
                                       static_cast<std::size_t>(a.offsets[i + 1] - a.offsets[i]));
    const auto from = std::ranges::lower_bound(row, first_column),
               to = std::ranges::lower_bound(row, last_column);
    rows.push_back({a.offsets[i] + (from - row.begin()), to - from});
  }
  return rows;
}

/// Rows [first, last), the shortest first.
std::vector<std::int32_t> by_length(std::span<const Entries> entries, Index first, Index last) {
  std::vector<std::int32_t> rows(static_cast<std::size_t>(last - first));
  std::iota(rows.begin(), rows.end(), static_cast<std::int32_t>(first));
  std::stable_sort(rows.begin(), rows.end(),
                   [&](auto x, auto y) { return entries[x].count < entries[y].count; });
  return rows;
}

RowSlice slice_of(std::span<const Entries> entries, std::span<const std::int32_t> rows) {
  RowSlice s;
  s.live = static_cast<std::int32_t>(rows.size());
  s.steps = static_cast<std::int32_t>(entries[rows[0]].count);
  s.rows.fill(rows[0]);
  std::copy(rows.begin(), rows.end(), s.rows.begin());
  return s;
}

template <class Place>
Place place(std::int32_t b_offset) {
  return static_cast<Place>(sizeof(Place) == 2 ? b_offset / kLanes * 8 : b_offset);
}
}  // namespace

template <class Place>
PackedRows<Place>::PackedRows(const InOrder& p, Index first_column, Index last_column) : rows(p.a.rows) {
  const std::vector<Entries> entries = entries_of(p.a, first_column, last_column);
  Index steps = 0;
  for (Index first = 0; first < rows; first += kWindowRows) {
    const std::vector<std::int32_t> sorted = by_length(entries, first, std::min(rows, first + kWindowRows));
    for (std::size_t i = 0; i < sorted.size(); i += kSliceRows) {
      RowSlice s = slice_of(
          entries, std::span(sorted).subspan(i, std::min<std::size_t>(kSliceRows, sorted.size() - i)));
      s.first = steps * kSliceRows;
      steps += s.steps;
      slices.push_back(s);
    }
  }
  values = Buffer<float>(static_cast<std::size_t>(steps) * kSliceRows);
  places = Buffer<Place>(values.size());
  for (RowSlice& s : slices) {
    s.first_rest = std::ssize(rest);
    for (std::int32_t i = 0; i < s.live; ++i) {
      const auto [begin, count] = entries[s.rows[static_cast<std::size_t>(i)]];
      for (Index e = 0; e < count; ++e) {
        const float value = p.a.values[static_cast<std::size_t>(begin + e)];
        const std::int32_t b_offset =
            p.b_offsets[static_cast<std::size_t>(p.a.columns[static_cast<std::size_t>(begin + e)])];
        const auto at = static_cast<std::size_t>(s.first + e * kSliceRows + i);
        if (e < s.steps)
          values[at] = value, places[at] = place<Place>(b_offset);
        else
          rest.push_back({value, b_offset, i});
      }
    }
    s.rests = static_cast<std::int32_t>(std::ssize(rest) - s.first_rest);
  }
}

template <class Place>
std::size_t PackedRows<Place>::bytes() const {
  return slices.size() * sizeof(RowSlice) + values.size() * sizeof(float) + places.size() * sizeof(Place) +
         rest.size() * sizeof(RestEntry);
}

template struct PackedRows<std::uint16_t>;
template struct PackedRows<std::int32_t>;

bool short_places(const Problem& p) {
  if (p.a.cols > 65536 / 8) return false;
  for (std::size_t k = 0; k < p.b_offsets.size(); ++k)
    if (p.b_offsets[k] != static_cast<std::int32_t>(k) * kLanes) return false;
  return true;
}

Index column_blocks(const Problem& p, Index tiles) {
  constexpr Index kFewest = 16;  // entries of a row in a block, to pay for reading and writing C
  if (p.a.rows == 0 || !short_places(p)) return 1;
  const Index room = std::max<Index>(1, cpu_info().l1d_bytes * 3 / 4),
              b_bytes = p.a.cols * std::min(tiles, p.tiles) * kLanes * Index{sizeof(float)};
  const Index wanted = (b_bytes + room - 1) / room;
  return std::clamp<Index>(p.a.nnz() / p.a.rows / kFewest, 1, std::max<Index>(1, wanted));
}

double rows_cost_us(const Problem& p, double scale) {
  const double nnz = static_cast<double>(p.a.nnz()), tiles = static_cast<double>(p.tiles);
  const double pairs = std::ceil(tiles / 2), cycles = 0.77 * pairs + 0.83 * tiles;
  return std::max((nnz * cycles * scale + static_cast<double>(p.a.rows) * tiles * 6) / 3600,
                  nnz * (short_places(p) ? 6.2 : 8.2) / 50e3);
}
}  // namespace tulle::linear
