#include "kernels/linear/order.hpp"

#include <algorithm>
#include <numeric>

namespace tulle::linear {
namespace {
constexpr std::size_t kNeighbours = 288;  // of 64 bytes each: 18 KB of B; 32 channels of a 3x3 convolution

std::int32_t remainder(std::int32_t offset) {
  return offset & static_cast<std::int32_t>(kLanes - 1);
}
}  // namespace

std::vector<std::int32_t> rank_columns(std::span<const std::int32_t> b_offsets) {
  std::vector<std::int32_t> order(b_offsets.size()), ranks(b_offsets.size());
  std::iota(order.begin(), order.end(), 0);
  const auto before = [&](std::int32_t i, std::int32_t j) {
    const std::int32_t a = b_offsets[static_cast<std::size_t>(i)], b = b_offsets[static_cast<std::size_t>(j)];
    return remainder(a) != remainder(b) ? remainder(a) < remainder(b) : a < b;
  };
  for (std::size_t first = 0; first < order.size(); first += kNeighbours) {
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(first);
    const auto length = std::min(kNeighbours, order.size() - first);
    std::stable_sort(begin, begin + static_cast<std::ptrdiff_t>(length), before);
  }
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    ranks[static_cast<std::size_t>(order[rank])] = static_cast<std::int32_t>(rank);
  return ranks;
}

InOrder::InOrder(const Problem& p) : a(p.a), b_offsets(p.b_offsets) {
  const std::vector<std::int32_t> ranks = rank_columns(b_offsets);
  if (std::is_sorted(ranks.begin(), ranks.end())) return;
  offsets_.resize(ranks.size());
  for (std::size_t k = 0; k < ranks.size(); ++k) offsets_[static_cast<std::size_t>(ranks[k])] = b_offsets[k];
  moved_ = {a.rows, a.cols, {a.offsets.begin(), a.offsets.end()}, {}, {}};
  std::vector<std::pair<std::int32_t, float>> row;
  for (Index i = 0; i < a.rows; ++i) {
    row.clear();
    for (Index e = a.offsets[i]; e < a.offsets[i + 1]; ++e)
      row.push_back({ranks[static_cast<std::size_t>(a.columns[e])], a.values[e]});
    std::sort(row.begin(), row.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
    for (const auto& [column, value] : row) {
      moved_.columns.push_back(column);
      moved_.values.push_back(value);
    }
  }
  a = moved_.view();
  b_offsets = offsets_;
}
}  // namespace tulle::linear
