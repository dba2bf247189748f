#include "kernels/linear/packed_rows.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/linear/order.hpp"

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

template <class Place>
Place place(std::int32_t b_offset) {
  return static_cast<Place>(sizeof(Place) == 2 ? b_offset / kLanes * 8 : b_offset);
}
}  // namespace

template <class Place>
PackedRows<Place>::PackedRows(const Problem& problem) : rows(problem.a.rows) {
  const InOrder p(problem);
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
  places = Buffer<Place>(values.size());
  for (RowSlice& s : slices) {
    s.first_rest = std::ssize(rest);
    for (std::int32_t i = 0; i < s.live; ++i) {
      const Index begin = p.a.offsets[s.rows[static_cast<std::size_t>(i)]];
      const Index count = length(p.a, s.rows[static_cast<std::size_t>(i)]);
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

double rows_cost_us(const Problem& p, double scale) {
  const double nnz = static_cast<double>(p.a.nnz()), tiles = static_cast<double>(p.tiles);
  const double pairs = std::ceil(tiles / 2), cycles = 0.77 * pairs + 0.83 * tiles;
  return std::max((nnz * cycles * scale + static_cast<double>(p.a.rows) * tiles * 6) / 3600,
                  nnz * (short_places(p) ? 6.2 : 8.2) / 50e3);
}
}  // namespace tulle::linear
