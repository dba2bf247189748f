#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "tulle/sparse.hpp"

namespace tulle {
constexpr Index kMostFormatBytes = Index{1} << 31;  ///< that the values of one matrix may take

inline Index row_length(const CsrView& a, Index i) {
  return a.offsets[static_cast<std::size_t>(i) + 1] - a.offsets[static_cast<std::size_t>(i)];
}
inline std::span<const std::int32_t> row_columns(const CsrView& a, Index i) {
  return a.columns.subspan(static_cast<std::size_t>(a.offsets[static_cast<std::size_t>(i)]),
                           static_cast<std::size_t>(row_length(a, i)));
}
inline std::span<const float> row_values(const CsrView& a, Index i) {
  return a.values.subspan(static_cast<std::size_t>(a.offsets[static_cast<std::size_t>(i)]),
                          static_cast<std::size_t>(row_length(a, i)));
}

template <class... Array>
std::size_t array_bytes(const Array&... arrays) {
  return (std::as_bytes(std::span(arrays)).size() + ...);
}

}  // namespace tulle
