#include "kernels/sparse_input/rows.hpp"

#include <algorithm>
#include <cmath>

namespace tulle::sparse_input {
Ends::Ends(const Problem& p, bool scaled, Features isa)
    : scaled_(scaled),
      bias_(static_cast<std::size_t>(p.a.rows)),
      activation_(p.activation),
      activate_(pointwise::tile_activation(p.activation.kind, isa)) {
  for (std::size_t i = 0; i < p.bias.size(); ++i) bias_[i] = p.bias[i] + 0.0f;  // no -0
  if (!scaled) return;
  scales_.assign(bias_.size(), 1);
  std::copy(p.scales.begin(), p.scales.end(), scales_.begin());
}

void Ends::begin(Index first, Index count, float* sums) const noexcept {
  if (scaled_)
    std::fill_n(sums, count, 0.0f);
  else
    std::copy_n(bias_.data() + first, count, sums);
}

void Ends::end(Index first, Index count, float* sums, float* y) const noexcept {
  if (scaled_)
    for (Index i = 0; i < count; ++i) sums[i] = std::fma(sums[i], scales_[first + i], bias_[first + i]);
  activate_(activation_, sums, kLanes, (count + kLanes - 1) / kLanes);
  std::copy_n(sums, count, y + first);
}

template <class Value>
Columns<Value>::Columns(const Problem& p, Index panel)
    : values(static_cast<std::size_t>(
          checked_mul(checked_mul((p.a.rows + panel - 1) / panel, panel), p.a.cols))) {
  for (Index i = 0; i < p.a.rows; ++i) {
    Value* row = values.data() + i / panel * panel * p.a.cols + i % panel;
    for (Index e = p.a.offsets[i]; e < p.a.offsets[i + 1]; ++e)
      row[p.a.columns[e] * panel] = Value(p.a.values[e]);
  }
}
template struct Columns<float>;
template struct Columns<BFloat16>;
template struct Columns<std::int8_t>;

std::optional<std::string> refuse_dense(const Problem& p, Index value_bytes) {
  constexpr Index kPanel = 256;
  const Index panels = (p.a.rows + kPanel - 1) / kPanel;
  if (p.a.cols == 0 || panels <= kLargestTensorBytes / (kPanel * value_bytes) / p.a.cols) return std::nullopt;
  return "all of " + std::to_string(p.a.rows) + " x " + std::to_string(p.a.cols) + " takes more than 2 GiB";
}

std::optional<std::string> refuse_values(const Problem& p) {
  for (const float x : p.a.values)
    if (!(x >= -128 && x <= 127) || x != std::trunc(x))
      return "value " + std::to_string(x) + " is no whole number from -128 to 127";
  return std::nullopt;
}

double pieces_us(double bytes, double piece) {
  constexpr double kStart = 128;  // a piece takes as long as if it had so many bytes more
  return bytes * (1 + kStart / piece) / 25e3;
}
}  // namespace tulle::sparse_input
