#include <algorithm>
#include <numeric>

#include "formats/arrays.hpp"
#include "formats/check.hpp"
#include "tulle/formats.hpp"

namespace tulle {
namespace {
constexpr Index kMostSliceRows = 1024;

std::vector<std::int32_t> order_by_length(const CsrView& a, Index window) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(a.rows));
  std::iota(order.begin(), order.end(), 0);
  for (Index first = 0; window > 1 && first < a.rows; first += window)
    std::stable_sort(order.begin() + first, order.begin() + std::min(a.rows, first + window),
                     [&](std::int32_t x, std::int32_t y) { return row_length(a, x) > row_length(a, y); });
  return order;
}

/// Where each slice of slice_rows rows, as long as its longest row, begins.
std::vector<Index> slice_offsets(const CsrView& a, std::span<const std::int32_t> order, Index slice_rows) {
  std::vector<Index> offsets{0};
  for (Index first = 0; first < a.rows; first += slice_rows) {
    Index longest = 0;
    for (Index r = first; r < std::min(a.rows, first + slice_rows); ++r)
      longest = std::max(longest, row_length(a, order[static_cast<std::size_t>(r)]));
    offsets.push_back(offsets.back() + longest * slice_rows);
  }
  return offsets;
}

/// Entry k of stored row `at`.
std::size_t place(const SlicedEll& e, Index at, Index k) {
  return static_cast<std::size_t>(e.offsets[static_cast<std::size_t>(at / e.slice_rows)] + k * e.slice_rows +
                                  at % e.slice_rows);
}
}  // namespace

std::optional<std::string> sliced_ell_refusal(const CsrView& a, Index slice_rows, Index sort_window) {
  if (slice_rows < 1 || slice_rows > kMostSliceRows)
    return "slices of " + std::to_string(slice_rows) + " rows, 1 to 1024 are wanted";
  if (sort_window < 1) return "a window of " + std::to_string(sort_window) + " rows";
  const Index entries = slice_offsets(a, order_by_length(a, sort_window), slice_rows).back();
  if (entries > kMostFormatBytes / static_cast<Index>(sizeof(float)))
    return std::to_string(a.nnz()) + " entries padded to " + std::to_string(entries) +
           " take more than 2 GiB";
  return std::nullopt;
}

SlicedEll to_sliced_ell(const CsrView& a, Index slice_rows, Index sort_window) {
  if (const auto refusal = sliced_ell_refusal(a, slice_rows, sort_window))
    throw Error("sliced ell", *refusal);
  SlicedEll e{a.rows, a.cols, slice_rows, {}, order_by_length(a, sort_window), {}, {}, {}};
  e.offsets = slice_offsets(a, e.order, slice_rows);
  e.columns.resize(static_cast<std::size_t>(e.offsets.back()));
  e.values.resize(e.columns.size());
  for (Index at = 0; at < a.rows; ++at) {
    const Index i = e.order[static_cast<std::size_t>(at)];
    e.lengths.push_back(static_cast<std::int32_t>(row_length(a, i)));
    for (Index k = 0; k < row_length(a, i); ++k) {
      e.columns[place(e, at, k)] = row_columns(a, i)[static_cast<std::size_t>(k)];
      e.values[place(e, at, k)] = row_values(a, i)[static_cast<std::size_t>(k)];
    }
  }
  return e;
}

Csr to_csr(const SlicedEll& e) {
  Csr a{e.rows, e.cols, std::vector<Index>(static_cast<std::size_t>(e.rows) + 1), {}, {}};
  for (std::size_t at = 0; at < e.order.size(); ++at)
    a.offsets[static_cast<std::size_t>(e.order[at]) + 1] = e.lengths[at];
  std::partial_sum(a.offsets.begin(), a.offsets.end(), a.offsets.begin());
  a.columns.resize(static_cast<std::size_t>(a.offsets.back()));
  a.values.resize(a.columns.size());
  for (Index at = 0; at < e.rows; ++at) {
    const Index first = a.offsets[static_cast<std::size_t>(e.order[static_cast<std::size_t>(at)])];
    for (Index k = 0; k < e.lengths[static_cast<std::size_t>(at)]; ++k) {
      a.columns[static_cast<std::size_t>(first + k)] = e.columns[place(e, at, k)];
      a.values[static_cast<std::size_t>(first + k)] = e.values[place(e, at, k)];
    }
  }
  return a;
}

namespace {
void check_order(const SlicedEll& e) {
  std::vector<bool> seen(static_cast<std::size_t>(e.rows));
  for (const std::int32_t i : e.order) {
    if (i < 0 || i >= e.rows || seen[static_cast<std::size_t>(i)])
      throw Error("sliced ell", "the order names row " + std::to_string(i) + " of " + std::to_string(e.rows) +
                                    (i < 0 || i >= e.rows ? "" : " twice"));
    seen[static_cast<std::size_t>(i)] = true;
  }
}

void check_row(const SlicedEll& e, Index at) {
  const auto slice = static_cast<std::size_t>(at / e.slice_rows);
  const Index padded = (e.offsets[slice + 1] - e.offsets[slice]) / e.slice_rows;
  const Index length = e.lengths[static_cast<std::size_t>(at)];
  const std::string where = "row " + std::to_string(e.order[static_cast<std::size_t>(at)]);
  if (length < 0 || length > padded)
    throw Error("sliced ell",
                where + " has length " + std::to_string(length) + " in a slice of " + std::to_string(padded));
  for (Index k = 0; k < padded; ++k) {
    const Index column = e.columns[place(e, at, k)], before = k ? e.columns[place(e, at, k - 1)] : -1;
    if (k < length ? column <= before || column >= e.cols : column != 0 || e.values[place(e, at, k)] != 0)
      throw Error("sliced ell",
                  where + ", entry " + std::to_string(k) + ": column " + std::to_string(column) +
                      (k < length ? "; rising ones in [0, " + std::to_string(e.cols) + ") are wanted"
                                  : " and its value are padding; zeros are wanted"));
  }
}
}  // namespace

void check(const SlicedEll& e) {
  check_sizes("sliced ell", e.rows, e.cols);
  if (e.slice_rows < 1 || e.slice_rows > kMostSliceRows)
    throw Error("sliced ell", *sliced_ell_refusal({}, e.slice_rows, 1));
  check_offsets("sliced ell", "slice", (e.rows + e.slice_rows - 1) / e.slice_rows, e.offsets,
                e.values.size());
  for (std::size_t s = 0; s + 1 < e.offsets.size(); ++s)
    if ((e.offsets[s + 1] - e.offsets[s]) % e.slice_rows != 0)
      throw Error("sliced ell", "slice " + std::to_string(s) + " has " +
                                    std::to_string(e.offsets[s + 1] - e.offsets[s]) +
                                    " places, no multiple of " + std::to_string(e.slice_rows));
  check_count("sliced ell", "columns", e.columns.size(), static_cast<Index>(e.values.size()));
  check_count("sliced ell", "rows in the order", e.order.size(), e.rows);
  check_count("sliced ell", "lengths", e.lengths.size(), e.rows);
  check_order(e);
  for (Index at = 0; at < e.rows; ++at) check_row(e, at);
}

std::size_t size_bytes(const SlicedEll& e) {
  return array_bytes(e.offsets, e.order, e.lengths, e.columns, e.values);
}
}  // namespace tulle
