#include "formats/csr.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "formats/arrays.hpp"
#include "formats/check.hpp"
#include "tulle/formats.hpp"

namespace tulle {
void check(const CsrView& a) {
  check_sizes("csr", a.rows, a.cols);
  check_count("csr", "columns", a.columns.size(), a.nnz());
  check_offsets("csr", "row", a.rows, a.offsets, a.values.size());
  check_indices("csr", "row", "column", a.cols, a.offsets, a.columns);
}

namespace {
/// Sorts entries first .. last - 1 by column, with their values. The order of equal columns does not matter:
/// they are refused.
void sort_row(Csr& a, std::size_t first, std::size_t last) {
  std::vector<std::pair<std::int32_t, float>> row;
  for (std::size_t p = first; p < last; ++p) row.emplace_back(a.columns[p], a.values[p]);
  std::sort(row.begin(), row.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  for (std::size_t p = first; p < last; ++p) std::tie(a.columns[p], a.values[p]) = row[p - first];
}
}  // namespace

Csr make_csr(Index rows, Index cols, std::vector<Index> offsets, std::vector<std::int32_t> columns,
             std::vector<float> values) {
  Csr a{rows, cols, std::move(offsets), std::move(columns), std::move(values)};
  check_sizes("csr", rows, cols);
  check_count("csr", "columns", a.columns.size(), a.view().nnz());
  check_offsets("csr", "row", rows, a.offsets, a.values.size());
  for (std::size_t i = 0; i + 1 < a.offsets.size(); ++i) {
    const auto first = static_cast<std::size_t>(a.offsets[i]),
               last = static_cast<std::size_t>(a.offsets[i + 1]);
    if (!std::is_sorted(a.columns.begin() + a.offsets[i], a.columns.begin() + a.offsets[i + 1]))
      sort_row(a, first, last);
  }
  check_indices("csr", "row", "column", cols, a.offsets, a.columns);
  return a;
}

Csr csr_from_dense(const float* data, Index rows, Index cols, Index stride) {
  Csr a{rows, cols, {0}, {}, {}};
  a.offsets.reserve(static_cast<std::size_t>(rows) + 1);
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < cols; ++j)
      if (const float value = data[i * stride + j]; value != 0) {
        a.columns.push_back(static_cast<std::int32_t>(j));
        a.values.push_back(value);
      }
    a.offsets.push_back(static_cast<Index>(a.values.size()));
  }
  return a;
}

// Two passes over the data as it lies: the first counts the entries of each row, the second puts them there.
Csr csr_from_transposed(const float* data, Index rows, Index cols, Index stride) {
  Csr a{rows, cols, std::vector<Index>(static_cast<std::size_t>(rows) + 1), {}, {}};
  for (Index j = 0; j < cols; ++j)
    for (Index i = 0; i < rows; ++i) a.offsets[static_cast<std::size_t>(i) + 1] += data[j * stride + i] != 0;
  std::partial_sum(a.offsets.begin(), a.offsets.end(), a.offsets.begin());
  a.columns.resize(static_cast<std::size_t>(a.offsets.back()));
  a.values.resize(a.columns.size());
  std::vector<Index> next = a.offsets;
  for (Index j = 0; j < cols; ++j)
    for (Index i = 0; i < rows; ++i)
      if (const float value = data[j * stride + i]; value != 0) {
        const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(i)]++);
        a.columns[at] = static_cast<std::int32_t>(j);
        a.values[at] = value;
      }
  return a;
}

Csr to_csr(const CsrView& a) {
  return {a.rows,
          a.cols,
          {a.offsets.begin(), a.offsets.end()},
          {a.columns.begin(), a.columns.end()},
          {a.values.begin(), a.values.end()}};
}

std::size_t size_bytes(const CsrView& a) {
  return array_bytes(a.offsets, a.columns, a.values);
}

Csr drop_zeros(const CsrView& a) {
  Csr kept{a.rows, a.cols, {0}, {}, {}};
  for (Index i = 0; i < a.rows; ++i) {
    for (Index p = a.offsets[static_cast<std::size_t>(i)]; p < a.offsets[static_cast<std::size_t>(i) + 1];
         ++p)
      if (const float value = a.values[static_cast<std::size_t>(p)]; value != 0) {
        kept.columns.push_back(a.columns[static_cast<std::size_t>(p)]);
        kept.values.push_back(value);
      }
    kept.offsets.push_back(static_cast<Index>(kept.values.size()));
  }
  return kept;
}

std::vector<float> to_dense(const CsrView& a) {
  if (a.cols > 0 && a.rows > kMostFormatBytes / static_cast<Index>(sizeof(float)) / a.cols)
    throw Error("dense", std::to_string(a.rows) + " x " + std::to_string(a.cols) + " take more than 2 GiB");
  std::vector<float> dense(static_cast<std::size_t>(a.rows * a.cols));
  for (Index i = 0; i < a.rows; ++i)
    for (Index p = a.offsets[static_cast<std::size_t>(i)]; p < a.offsets[static_cast<std::size_t>(i) + 1];
         ++p)
      dense[static_cast<std::size_t>(i * a.cols + a.columns[static_cast<std::size_t>(p)])] =
          a.values[static_cast<std::size_t>(p)];
  return dense;
}
}  // namespace tulle
