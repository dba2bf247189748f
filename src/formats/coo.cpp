#include <algorithm>
#include <numeric>

#include "formats/arrays.hpp"
#include "formats/check.hpp"
#include "tulle/formats.hpp"

namespace tulle {
namespace {
/// Where the entries of each row go, those of a row in their order.
Csr grouped_by_row(const Coo& c) {
  Csr a{c.rows, c.cols, std::vector<Index>(static_cast<std::size_t>(c.rows) + 1), {}, {}};
  for (const std::int32_t i : c.row_indices) ++a.offsets[static_cast<std::size_t>(i) + 1];
  std::partial_sum(a.offsets.begin(), a.offsets.end(), a.offsets.begin());
  a.columns.resize(c.columns.size());
  a.values.resize(c.values.size());
  for (std::size_t p = 0; p < c.values.size(); ++p) {  // offsets move to the ends of their rows
    const auto to = static_cast<std::size_t>(a.offsets[static_cast<std::size_t>(c.row_indices[p])]++);
    a.columns[to] = c.columns[p];
    a.values[to] = c.values[p];
  }
  std::copy_backward(a.offsets.begin(), a.offsets.end() - 1, a.offsets.end());
  a.offsets[0] = 0;
  return a;
}

/// Writes the entries of one row, sorted and with those of one column summed, from entry `to` on; the entry
/// after.
std::size_t merge_row(Csr& a, std::size_t first, std::size_t last, std::size_t to) {
  std::vector<std::pair<std::int32_t, float>> row;
  row.reserve(last - first);
  for (std::size_t p = first; p < last; ++p) row.emplace_back(a.columns[p], a.values[p]);
  std::stable_sort(row.begin(), row.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  for (std::size_t p = 0; p < row.size(); ++to) {
    double sum = 0;
    a.columns[to] = row[p].first;
    do sum += static_cast<double>(row[p++].second);
    while (p < row.size() && row[p].first == a.columns[to]);
    a.values[to] = static_cast<float>(sum);
  }
  return to;
}
}  // namespace

Csr to_csr(const Coo& c) {
  if (c.rows > kMostRows)
    throw Error("coo", std::to_string(c.rows) + " rows, at most " + std::to_string(kMostRows) +
                           " are turned into CSR");
  Csr a = grouped_by_row(c);
  std::size_t first = 0, to = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(a.rows); ++i) {
    const auto last = static_cast<std::size_t>(a.offsets[i + 1]);
    to = merge_row(a, first, last, to);
    a.offsets[i + 1] = static_cast<Index>(to);
    first = last;
  }
  a.columns.resize(to);
  a.values.resize(to);
  return a;
}

Coo to_coo(const CsrView& a) {
  Coo c{a.rows, a.cols, {}, {a.columns.begin(), a.columns.end()}, {a.values.begin(), a.values.end()}};
  c.row_indices.reserve(a.values.size());
  for (Index i = 0; i < a.rows; ++i)
    c.row_indices.insert(c.row_indices.end(), static_cast<std::size_t>(row_length(a, i)),
                         static_cast<std::int32_t>(i));
  return c;
}

void check(const Coo& c) {
  check_sizes("coo", c.rows, c.cols);
  check_count("coo", "row indices", c.row_indices.size(), static_cast<Index>(c.values.size()));
  check_count("coo", "columns", c.columns.size(), static_cast<Index>(c.values.size()));
  for (std::size_t p = 0; p < c.values.size(); ++p)
    if (c.row_indices[p] < 0 || c.row_indices[p] >= c.rows || c.columns[p] < 0 || c.columns[p] >= c.cols)
      throw Error("coo", "entry " + std::to_string(p) + " lies at row " + std::to_string(c.row_indices[p]) +
                             ", column " + std::to_string(c.columns[p]) + " of a " + std::to_string(c.rows) +
                             " x " + std::to_string(c.cols) + " matrix");
}

std::size_t size_bytes(const Coo& c) {
  return array_bytes(c.row_indices, c.columns, c.values);
}
}  // namespace tulle
