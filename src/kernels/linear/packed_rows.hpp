#pragma once
#include <array>
#include <vector>

#include "kernels/linear/epilogue.hpp"

namespace tulle::linear {
constexpr int kSliceRows = 8;      ///< rows of A that are summed together
constexpr Index kWindowRows = 64;  ///< among which rows of nearly equal length are looked for

/// An entry of a row that is longer than its slice.
struct RestEntry {
  float value;
  std::uint16_t column8;
  std::uint16_t row;  ///< of the slice
};

/// Rows of a window: their first `steps` entries lie side by side, kSliceRows values and kSliceRows columns a
/// step.
struct RowSlice {
  Index first = 0;
  std::int32_t steps = 0, rests = 0;
  Index first_rest = 0;
  std::int32_t live = 0;
  std::array<std::int32_t, kSliceRows> rows{};  ///< of A; those behind the last live one repeat the first
};

/// A in slices of rows sorted by length within windows: SELL-C-sigma (Kreutzer et al. 2014, SIAM J. Sci.
/// Comput. 36(5)), but without padding, for 0 times infinity is not 0.
struct PackedRows {
  explicit PackedRows(const Problem&);
  std::size_t bytes() const;
  Index rows;
  std::vector<RowSlice> slices;  ///< kWindowRows / kSliceRows of them for a window
  Buffer<float> values;
  Buffer<std::uint16_t> columns8;  ///< eight times the column, 8 bytes being the largest scale of an address
  std::vector<RestEntry> rest;
};

/// Rows of B must lie 16 floats apart, and eight times a column must fit 16 bits.
std::optional<std::string> refuse_rows(const Problem&);
/// One run in microseconds at 3.6 GHz; scale: cycles against AVX-512.
double rows_cost_us(const Problem&, double scale);
}  // namespace tulle::linear
