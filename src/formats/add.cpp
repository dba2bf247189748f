// Sums with a sparse matrix.
#include "core/checked.hpp"
#include "formats/arrays.hpp"
#include "tulle/formats.hpp"

namespace tulle {
namespace {
void check_same_size(const char* name, Index rows, Index cols, const CsrView& a) {
  if (rows != a.rows || cols != a.cols)
    throw Error("add", "A is " + std::to_string(a.rows) + " x " + std::to_string(a.cols) + ", " + name + " " +
                           std::to_string(rows) + " x " + std::to_string(cols) + "; want the same");
}

/// Row i of both, which rise, merged.
void add_row(const CsrView& a, const CsrView& b, Index i, float alpha, float beta, Csr& sum) {
  const auto a_columns = row_columns(a, i), b_columns = row_columns(b, i);
  const auto a_values = row_values(a, i), b_values = row_values(b, i);
  for (std::size_t p = 0, q = 0; p < a_columns.size() || q < b_columns.size();) {
    const bool in_a = q == b_columns.size() || (p < a_columns.size() && a_columns[p] <= b_columns[q]);
    const bool in_b = p == a_columns.size() || (q < b_columns.size() && b_columns[q] <= a_columns[p]);
    sum.columns.push_back(in_a ? a_columns[p] : b_columns[q]);
    const float x = in_a ? alpha * a_values[p++] : 0, y = in_b ? beta * b_values[q++] : 0;
    sum.values.push_back(in_a && in_b ? x + y : in_a ? x : y);
  }
}
}  // namespace

Csr add(const CsrView& a, const CsrView& b, float alpha, float beta) {
  check_same_size("B", b.rows, b.cols, a);
  Csr sum{a.rows, a.cols, {0}, {}, {}};
  sum.offsets.reserve(static_cast<std::size_t>(a.rows) + 1);
  for (Index i = 0; i < a.rows; ++i) {
    add_row(a, b, i, alpha, beta, sum);
    sum.offsets.push_back(std::ssize(sum.columns));
  }
  return sum;
}

void add(const CsrView& a, MutableDenseView c, float alpha) {
  check_same_size("C", c.rows, c.cols, a);
  if (c.ld < c.cols)
    throw Error("add", "C has ld " + std::to_string(c.ld) + "; want at least " + std::to_string(c.cols));
  auto* const to = static_cast<float*>(c.data);
  for (Index i = 0; i < a.rows; ++i) {
    const auto columns = row_columns(a, i);
    const auto values = row_values(a, i);
    for (std::size_t e = 0; e < columns.size(); ++e) to[i * c.ld + columns[e]] += alpha * values[e];
  }
}
}  // namespace tulle
