#include <algorithm>
#include <cmath>

#include "formats/arrays.hpp"
#include "formats/pattern.hpp"
#include "tulle/formats.hpp"

namespace tulle {
namespace {
void measure_rows(const CsrView& a, Statistics& s) {
  double squares = 0;
  s.shortest_row = a.rows ? row_length(a, 0) : 0;
  for (Index i = 0; i < a.rows; ++i) {
    const Index length = row_length(a, i);
    s.shortest_row = std::min(s.shortest_row, length);
    s.longest_row = std::max(s.longest_row, length);
    squares += static_cast<double>(length) * static_cast<double>(length);
    if (length == 0) continue;
    s.lower_bandwidth = std::max(s.lower_bandwidth, i - row_columns(a, i).front());
    s.upper_bandwidth = std::max(s.upper_bandwidth, row_columns(a, i).back() - i);
  }
  if (a.nnz() == 0) return;
  s.mean_row = static_cast<double>(a.nnz()) / static_cast<double>(a.rows);
  s.row_cv =
      std::sqrt(std::max(0.0, squares / static_cast<double>(a.rows) - s.mean_row * s.mean_row)) / s.mean_row;
}
}  // namespace

Statistics statistics(const CsrView& a) {
  const Pattern p = find_pattern(a);
  Statistics s{.rows = a.rows,
               .cols = a.cols,
               .nnz = a.nnz(),
               .sparsity = p.zeros(),
               .empty_rows = p.empty_rows,
               .empty_cols = p.empty_cols,
               .pattern = p.name};
  measure_rows(a, s);
  return s;
}
}  // namespace tulle
