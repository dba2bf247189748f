// The CSC arrays of A are the CSR arrays of its transpose.
#include <numeric>

#include "formats/arrays.hpp"
#include "formats/check.hpp"
#include "tulle/formats.hpp"

namespace tulle {
Csr transpose(const CsrView& a) {
  Csr t{a.cols, a.rows, std::vector<Index>(static_cast<std::size_t>(a.cols) + 1), {}, {}};
  for (const std::int32_t j : a.columns) ++t.offsets[static_cast<std::size_t>(j) + 1];
  std::partial_sum(t.offsets.begin(), t.offsets.end(), t.offsets.begin());
  t.columns.resize(a.columns.size());
  t.values.resize(a.values.size());
  std::vector<Index> next = t.offsets;
  for (Index i = 0; i < a.rows; ++i)
    for (Index p = a.offsets[static_cast<std::size_t>(i)]; p < a.offsets[static_cast<std::size_t>(i) + 1];
         ++p) {
      const auto from = static_cast<std::size_t>(p);
      const auto to = static_cast<std::size_t>(next[static_cast<std::size_t>(a.columns[from])]++);
      t.columns[to] = static_cast<std::int32_t>(i);
      t.values[to] = a.values[from];
    }
  return t;
}

Csc to_csc(const CsrView& a) {
  Csr t = transpose(a);
  return {a.rows, a.cols, std::move(t.offsets), std::move(t.columns), std::move(t.values)};
}
Csr to_csr(const CscView& a) {
  return transpose({a.cols, a.rows, a.offsets, a.row_indices, a.values});
}

void check(const CscView& a) {
  check_sizes("csc", a.rows, a.cols);
  check_count("csc", "row indices", a.row_indices.size(), static_cast<Index>(a.values.size()));
  check_offsets("csc", "column", a.cols, a.offsets, a.values.size());
  check_indices("csc", "column", "row", a.rows, a.offsets, a.row_indices);
}

std::size_t size_bytes(const CscView& a) {
  return array_bytes(a.offsets, a.row_indices, a.values);
}
}  // namespace tulle
