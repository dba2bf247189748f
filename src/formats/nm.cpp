#include <algorithm>

#include "core/checked.hpp"
#include "formats/arrays.hpp"
#include "formats/check.hpp"
#include "tulle/formats.hpp"

namespace tulle {
namespace {
std::string name_of(Index n, Index m) {
  return std::to_string(n) + ":" + std::to_string(m);
}

std::optional<std::string> ratio_refusal(Index n, Index m) {
  if (n >= 1 && n <= m && m <= 256) return std::nullopt;
  return name_of(n, m) + " is no ratio; 1 <= n <= m <= 256 is wanted";
}
}  // namespace

std::optional<std::string> nm_refusal(const CsrView& a, Index n, Index m) {
  if (auto refusal = ratio_refusal(n, m)) return refusal;
  for (Index i = 0; i < a.rows; ++i) {
    Index group = -1, kept = 0;
    for (const std::int32_t j : row_columns(a, i)) {
      kept = j / m == group ? kept + 1 : 1;
      group = j / m;
      if (kept > n)
        return "row " + std::to_string(i) + " keeps more than " + std::to_string(n) + " of columns " +
               std::to_string(group * m) + " to " + std::to_string(std::min(a.cols, group * m + m) - 1);
    }
  }
  const Index groups = (a.cols + m - 1) / m;
  if (a.rows > 0 && groups > kMostFormatBytes / static_cast<Index>(sizeof(float)) / n / a.rows)
    return std::to_string(a.rows) + " x " + std::to_string(groups) + " groups of " + name_of(n, m) +
           " take more than 2 GiB";
  return std::nullopt;
}

NmMatrix to_nm(const CsrView& a, Index n, Index m) {
  if (const auto refusal = nm_refusal(a, n, m)) throw Error("n:m", *refusal);
  NmMatrix x{a.rows, a.cols, n, m, {}, {}};
  x.values.resize(static_cast<std::size_t>(a.rows * x.groups() * n));
  x.positions.resize(x.values.size());
  for (Index i = 0; i < a.rows; ++i) {
    Index group = -1, slot = 0;
    for (Index p = 0; p < row_length(a, i); ++p) {
      const Index j = row_columns(a, i)[static_cast<std::size_t>(p)];
      slot = j / m == group ? slot + 1 : 0;
      group = j / m;
      const auto at = static_cast<std::size_t>((i * x.groups() + group) * n + slot);
      x.positions[at] = static_cast<std::uint8_t>(j % m);
      x.values[at] = row_values(a, i)[static_cast<std::size_t>(p)];
    }
  }
  return x;
}

Csr to_csr(const NmMatrix& x) {
  Csr a{x.rows, x.cols, {0}, {}, {}};
  std::size_t at = 0;
  for (Index i = 0; i < x.rows; ++i) {
    for (Index group = 0; group < x.groups(); ++group)
      for (Index slot = 0; slot < x.n; ++slot, ++at)
        if (x.values[at] != 0) {
          a.columns.push_back(static_cast<std::int32_t>(group * x.m + x.positions[at]));
          a.values.push_back(x.values[at]);
        }
    a.offsets.push_back(static_cast<Index>(a.values.size()));
  }
  return a;
}

namespace {
void check_group(const NmMatrix& x, Index row, Index group) {
  const Index size = std::min(x.m, x.cols - group * x.m);
  Index before = -1;
  for (Index slot = 0; slot < x.n; ++slot) {
    const auto at = static_cast<std::size_t>((row * x.groups() + group) * x.n + slot);
    const Index position = x.positions[at];
    if (x.values[at] == 0 && position == 0) continue;
    if (position >= size || position <= before)
      throw Error("n:m", "row " + std::to_string(row) + ", group " + std::to_string(group) + ", slot " +
                             std::to_string(slot) + ": position " + std::to_string(position) +
                             "; rising ones in [0, " + std::to_string(size) + ") are wanted");
    before = position;
  }
}
}  // namespace

void check(const NmMatrix& x) {
  check_sizes("n:m", x.rows, x.cols);
  if (const auto refusal = ratio_refusal(x.n, x.m)) throw Error("n:m", *refusal);
  check_count("n:m", "positions", x.positions.size(), static_cast<Index>(x.values.size()));
  check_count("n:m", "values", x.values.size(),
              checked_mul(checked_mul(x.rows, x.groups(), "n:m"), x.n, "n:m"));
  for (Index i = 0; i < x.rows; ++i)
    for (Index group = 0; group < x.groups(); ++group) check_group(x, i, group);
}

std::size_t size_bytes(const NmMatrix& x) {
  return array_bytes(x.positions, x.values);
}
}  // namespace tulle
