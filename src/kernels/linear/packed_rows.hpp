#pragma once
#include <array>
#include <vector>

#include "kernels/linear/epilogue.hpp"
#include "kernels/linear/order.hpp"

namespace tulle::linear {
constexpr int kSliceRows = 8;      ///< rows of A that are summed together
constexpr Index kWindowRows = 64;  ///< among which rows of nearly equal length are looked for

/// An entry of a row that is longer than its slice.
struct RestEntry {
  float value;
  std::int32_t b_offset;
  std::int32_t row;  ///< of the slice
};

/// Rows of a window: their first `steps` entries lie side by side, kSliceRows values and kSliceRows places a
/// step.
struct RowSlice {
  Index first = 0;
  std::int32_t steps = 0, rests = 0;
  Index first_rest = 0;
  std::int32_t live = 0;
  std::array<std::int32_t, kSliceRows> rows{};  ///< of A; those behind the last live one repeat the first
};

/// A in slices of rows sorted by length within windows: SELL-C-sigma (Kreutzer et al. 2014, SIAM J. Sci.
/// Comput. 36(5)), but without padding, for 0 times infinity is not 0. Place says where an entry's row of B
/// lies: the u16 8 k, 8 bytes being the largest scale of an address, where row k lies at 16 k; else the i32
/// offset.
template <class Place>
struct PackedRows {
  PackedRows(const InOrder&, Index first_column, Index last_column);  ///< of these columns alone
  std::size_t bytes() const;
  Index rows;
  std::vector<RowSlice> slices;  ///< kWindowRows / kSliceRows of them for a window
  Buffer<float> values;
  Buffer<Place> places;
  std::vector<RestEntry> rest;
};
extern template struct PackedRows<std::uint16_t>;
extern template struct PackedRows<std::int32_t>;

/// Row k of B lies at 16 k, and 8 k fits 16 bits.
bool short_places(const Problem&);
/// Into how many blocks of columns A is cut, so that the rows of B of a block, for `tiles` tiles at a time,
/// stay in the L1 cache while all rows of A pass. Each block but the first reads what the one before has left
/// in C.
Index column_blocks(const Problem&, Index tiles);
/// One run in microseconds at 3.6 GHz; scale: cycles against AVX-512.
double rows_cost_us(const Problem&, double scale);
}  // namespace tulle::linear
