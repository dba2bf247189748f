#include "kernels/sparse_input/csc.hpp"

#include <algorithm>

namespace tulle::sparse_input {
template <class Value>
PanelCsc<Value>::PanelCsc(const Problem& p)
    : rows(p.a.rows),
      cols(p.a.cols),
      starts(static_cast<std::size_t>(checked_mul(panels(), cols)) + 1),
      local(p.a.values.size()),
      values(p.a.values.size()) {
  const CsrView& a = p.a;
  const auto slot = [&](Index row, Index e) {
    return static_cast<std::size_t>(row / kPanel * cols + a.columns[static_cast<std::size_t>(e)]);
  };
  for (Index i = 0; i < rows; ++i)
    for (Index e = a.offsets[i]; e < a.offsets[i + 1]; ++e) ++starts[slot(i, e) + 1];
  for (std::size_t s = 1; s < starts.size(); ++s) starts[s] += starts[s - 1];
  std::vector<Index> next(starts.begin(), starts.end() - 1);
  for (Index i = 0; i < rows; ++i)
    for (Index e = a.offsets[i]; e < a.offsets[i + 1]; ++e) {
      const auto at = static_cast<std::size_t>(next[slot(i, e)]++);
      local[at] = static_cast<std::uint16_t>(i % kPanel);
      values[at] = Value(a.values[static_cast<std::size_t>(e)]);
    }
}
template struct PanelCsc<float>;
template struct PanelCsc<BFloat16>;
template struct PanelCsc<std::int8_t>;

std::optional<std::string> refuse_csc(const Problem& p) {
  constexpr Index kMostStarts = Index{1} << 28, kPanel = PanelCsc<float>::kPanel;
  const Index panels = (p.a.rows + kPanel - 1) / kPanel;
  if (p.a.cols == 0 || panels <= kMostStarts / p.a.cols) return std::nullopt;
  return std::to_string(panels) + " panels of " + std::to_string(p.a.cols) + " columns take more than 2 GiB";
}

double csc_cost_us(const Problem& p, double value_bytes) {
  const double nnz = static_cast<double>(p.a.nnz()), entries = p.nonzeros * nnz;
  const double cells =
      static_cast<double>(std::max<Index>(1, p.a.rows)) * static_cast<double>(std::max<Index>(1, p.a.cols));
  const double piece =
      std::max(1.0, nnz / cells * static_cast<double>(PanelCsc<float>::kPanel)) * value_bytes;
  return std::max(entries * 2 / 3600, pieces_us(entries * (2 + value_bytes), piece));
}
}  // namespace tulle::sparse_input
