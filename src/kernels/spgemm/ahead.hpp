#pragma once
// Rows of B are short and lie anywhere: each costs a wait for the cache that it comes from, unless it is
// asked for some entries of A ahead.
#include <algorithm>

#include "tulle/sparse.hpp"

namespace tulle::spgemm {
constexpr Index kAhead = 12;      ///< entries of A
constexpr Index kAheadLong = 16;  ///< columns in a cache line: two are fetched

inline Index begin_ahead(const CsrView& a, const CsrView& b, Index entry) {
  const Index at = std::min(entry + kAhead, static_cast<Index>(a.columns.size()) - 1);
  return b.offsets[static_cast<std::size_t>(a.columns[static_cast<std::size_t>(at)])];
}
template <class T>
void fetch(std::span<const T> all, Index begin) {
  __builtin_prefetch(all.data() + begin);
  __builtin_prefetch(all.data() + begin + kAheadLong);
}
}  // namespace tulle::spgemm
