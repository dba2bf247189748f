#pragma once
#include "kernels/sparse_input/rows.hpp"

namespace tulle::sparse_input {
/// Compressed columns within panels of rows, so that the sums of a panel are in the cache.
template <class Value>
struct PanelCsc {
  static constexpr Index kPanel = 1024;
  explicit PanelCsc(const Problem&);
  Index panels() const { return (rows + kPanel - 1) / kPanel; }
  std::size_t bytes() const {
    return starts.size() * sizeof(Index) + local.size() * (sizeof(std::uint16_t) + sizeof(Value));
  }

  Index rows, cols;
  std::vector<Index> starts;    ///< panel * cols + column -> its entries
  Buffer<std::uint16_t> local;  ///< row within the panel
  Buffer<Value> values;
};
extern template struct PanelCsc<float>;
extern template struct PanelCsc<BFloat16>;
extern template struct PanelCsc<std::int8_t>;

std::optional<std::string> refuse_csc(const Problem&);
double csc_cost_us(const Problem&, double value_bytes);
}  // namespace tulle::sparse_input
