#pragma once
#include "kernels/spmv/slices.hpp"

namespace tulle::spmv {
/// SELL-C-sigma without padding: a slice holds `even` steps in which all its lanes have an entry, then what
/// is left of each lane, one lane after the other. Column is u16 where the columns fit it.
template <class Column>
struct Sell {
  struct Slice {
    Index first = 0;  ///< of its entries in columns and values
    std::int32_t even = 0;
    std::int32_t rest[kLanes] = {};
  };
  Sell(const Problem&, Features isa);
  std::size_t bytes() const;

  Slices slices;
  std::vector<Slice> parts;
  Buffer<Column> columns;
  Buffer<float> values;
};
extern template struct Sell<std::uint16_t>;
extern template struct Sell<std::int32_t>;

inline bool fits_u16(const Problem& p) {
  return p.a.cols <= 65536;
}
double sell_cost_us(const Problem&);
}  // namespace tulle::spmv
