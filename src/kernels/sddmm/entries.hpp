#pragma once
#include <algorithm>

#include "kernels/sddmm/kernel.hpp"

namespace tulle::sddmm {
/// The entries of a mask one by one: what the kernels walk that compute each as a dot product of its own.
struct Entries {
  explicit Entries(const AttentionMask& mask) {
    Csr csr = mask.to_csr();
    offsets = std::move(csr.offsets);
    columns = std::move(csr.columns);
  }
  std::span<const std::int32_t> row(Index i) const {
    const auto first = static_cast<std::size_t>(offsets[static_cast<std::size_t>(i)]);
    return std::span(columns).subspan(
        first, static_cast<std::size_t>(offsets[static_cast<std::size_t>(i) + 1]) - first);
  }
  Index longest() const {
    Index most = 0;
    for (std::size_t i = 1; i < offsets.size(); ++i) most = std::max(most, offsets[i] - offsets[i - 1]);
    return most;
  }
  std::size_t bytes() const { return offsets.size() * sizeof(Index) + columns.size() * sizeof(std::int32_t); }

  std::vector<Index> offsets;
  std::vector<std::int32_t> columns;
};
}  // namespace tulle::sddmm
