#include "kernels/spmv/slices.hpp"

#include <algorithm>
#include <numeric>

namespace tulle::spmv {
Slices::Slices(const Problem& p, std::vector<std::int32_t> order, Features isa)
    : rows(std::move(order)),
      bias(static_cast<std::size_t>(count() * kLanes)),
      residual(p.residual),
      activation(p.activation),
      clamp(clamp_of(p.activation)) {
  if (is_curved(activation)) curve = pointwise::tile_activation(activation.kind, isa);
  if (p.bias.empty()) return;
  for (std::size_t i = 0; i < rows.size(); ++i)
    bias[i] = p.bias[static_cast<std::size_t>(rows[i])] + 0.0f;  // no -0
}

int Slices::live(Index slice) const {
  return static_cast<int>(std::min(kLanes, static_cast<Index>(rows.size()) - slice * kLanes));
}

std::vector<std::int32_t> rows_in_order(const CsrView& a) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(a.rows));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

std::vector<std::int32_t> rows_by_length(const CsrView& a) {
  constexpr std::size_t kWindow = 256;
  std::vector<std::int32_t> order = rows_in_order(a);
  const auto longer = [&a](std::int32_t i, std::int32_t j) {
    return a.offsets[i + 1] - a.offsets[i] > a.offsets[j + 1] - a.offsets[j];
  };
  for (std::size_t first = 0; first < order.size(); first += kWindow)
    std::stable_sort(order.data() + first, order.data() + std::min(order.size(), first + kWindow), longer);
  return order;
}

std::optional<std::string> too_large(const Problem& p, Index bytes_per_column_of_slice) {
  const Index slices = (p.a.rows + kLanes - 1) / kLanes;
  if (p.a.cols == 0 || slices <= kLargestTensorBytes / bytes_per_column_of_slice / p.a.cols)
    return std::nullopt;
  return "all of " + std::to_string(p.a.rows) + " x " + std::to_string(p.a.cols) + " takes more than 2 GiB";
}

double stream_us(double bytes) {
  return bytes / (bytes < double{24 << 20} ? 60e3 : 25e3);
}
}  // namespace tulle::spmv
