#pragma once
#include "core/bfloat16.hpp"
#include "kernels/spmv/slices.hpp"

namespace tulle::spmv {
/// How the columns of a row's entries are stored: as they are (i32, u16), or each as its distance from the
/// one before (Delta, a byte; the first one's from column 0). A distance of 255 moves on by as much and has
/// no entry.
struct Delta {
  using Stored = std::uint8_t;
};
template <class T>
struct Absolute {
  using Stored = T;
};

/// SELL-C-sigma without padding: a slice holds `even` steps in which all its lanes have an entry, then what
/// is left of each lane, one lane after the other.
template <class Columns, class Value>
struct Sell {
  using Stored = typename Columns::Stored;
  struct Slice {
    Index first = 0;  ///< of its entries in columns and values
    std::int32_t even = 0;
    std::int32_t rest[kLanes] = {};
  };
  Sell(const Problem&, Features isa);
  std::size_t bytes() const {
    return parts.size() * sizeof(Slice) + columns.size() * sizeof(Stored) + values.size() * sizeof(Value);
  }

  Slices slices;
  std::vector<Slice> parts;
  Buffer<Stored> columns;
  Buffer<Value> values;
};

#define TULLE_SELL(kind)                                     \
  kind template struct Sell<Absolute<std::int32_t>, float>;  \
  kind template struct Sell<Absolute<std::uint16_t>, float>; \
  kind template struct Sell<Delta, float>;                   \
  kind template struct Sell<Delta, BFloat16>;                \
  kind template struct Sell<Delta, std::int8_t>;
TULLE_SELL(extern)

inline bool fits_u16(const Problem& p) {
  return p.a.cols <= 65536;
}
/// Of gathers of x, and of streams of this many bytes for each entry.
double sell_cost_us(const Problem&, double bytes);
}  // namespace tulle::spmv
