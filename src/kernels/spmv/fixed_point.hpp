#pragma once
#include <vector>

#include "kernels/spmv/slices.hpp"

namespace tulle::spmv {
/// A vector in fixed point of 16 bits, as the products in i8 take it: x_j = scale q_j, -32767 <= q_j <=
/// 32767, scale = max(max |x|, 2^-100) / 32767, so |error| <= scale / 2. An Inf or NaN in x makes scale NaN,
/// and with it all of y. Stored are the two bytes of q_j + 32768, so that dot products of unsigned and signed
/// bytes serve: q_j = 256 high[j] + low[j] - 32768.
struct FixedPoint {
  FixedPoint(const float* packed, Index cols);
  float scale;
  const std::uint8_t *low, *high;  ///< cols of them, then zeros up to a multiple of 4
  const std::uint16_t* both;       ///< 256 high[j] + low[j]; cols of them, and one more that may be read
};

/// Floats that hold a vector in fixed point.
Index fixed_point_floats(Index cols);
using PackFixedPoint = void (*)(const float* x, Index cols, float* packed) noexcept;
PackFixedPoint fixed_point_packer(Features have);

/// Where the parts of a packed vector begin.
struct FixedPointParts {
  FixedPointParts(float* packed, Index cols);
  float* scale;
  std::uint8_t *low, *high;
  std::uint16_t* both;
  /// Writes the scale for vectors whose largest magnitude has these bits; returns what x is multiplied by.
  float begin(std::int32_t largest_bits) const;
  void put(Index j, float x, float inverse) const;
};

/// What sums of low and high bytes become: scale_i scale (256 high + low - 32768 sum_p a_ip), in f64.
struct FixedRows {
  FixedRows(const Problem&, const Slices&);
  /// Adds them to the 16 sums of a slice.
  void add(Index slice, float scale, const std::int32_t* low, const std::int32_t* high,
           float* sums) const noexcept;

 private:
  std::vector<double> scales_, shifts_;  ///< by slice * 16 + lane; shifts: 32768 sum_p a_ip
};

/// Why A is none of i8: a value that is no whole number of 8 bits, or so many columns that a sum leaves 32
/// bits.
std::optional<std::string> refuse_values(const Problem&);
}  // namespace tulle::spmv
