#pragma once
#include <algorithm>

#include "kernels/sddmm/kernel.hpp"

namespace tulle::sddmm {
/// Keys that are met four at a time: behind the last of a list it is repeated until they are a multiple of
/// four.
inline void add_fours(std::vector<std::int32_t>& list, std::span<const std::int32_t> keys) {
  list.insert(list.end(), keys.begin(), keys.end());
  if (!keys.empty()) list.resize(list.size() + (4 - keys.size() % 4) % 4, keys.back());
}

/// The entries of a mask one by one: what the kernels walk that compute each as a dot product of its own.
struct Entries {
  explicit Entries(const AttentionMask& mask) {
    Csr csr = mask.to_csr();
    offsets = std::move(csr.offsets);
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
      begins.push_back(columns.size());
      add_fours(columns, std::span(csr.columns)
                             .subspan(static_cast<std::size_t>(offsets[i]),
                                      static_cast<std::size_t>(offsets[i + 1] - offsets[i])));
    }
  }
  /// In fours.
  std::span<const std::int32_t> row(Index i) const {
    const auto at = static_cast<std::size_t>(i);
    return std::span(columns).subspan(begins[at], static_cast<std::size_t>(offsets[at + 1] - offsets[at]));
  }
  Index longest() const {
    Index most = 0;
    for (std::size_t i = 1; i < offsets.size(); ++i) most = std::max(most, offsets[i] - offsets[i - 1]);
    return most;
  }
  std::size_t bytes() const {
    return (offsets.size() + begins.size()) * sizeof(Index) + columns.size() * sizeof(std::int32_t);
  }

  std::vector<Index> offsets;

 private:
  std::vector<std::size_t> begins;
  std::vector<std::int32_t> columns;
};
}  // namespace tulle::sddmm
