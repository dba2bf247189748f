#include "kernels/spmv/fixed_point.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace tulle::spmv {
extern const PackFixedPoint pack_fixed_point_avx2;

namespace {
constexpr Index kMostColumns = 65'536;  // times 128 * 255 stays below 2^31

Index plane_bytes(Index cols) {
  return (cols + 3) / 4 * 4;
}

void pack(const float* x, Index cols, float* packed) noexcept {
  std::int32_t largest = 0;
  for (Index j = 0; j < cols; ++j)
    largest = std::max(largest, std::bit_cast<std::int32_t>(x[j]) & 0x7fffffff);
  const FixedPointParts parts(packed, cols);
  const float inverse = parts.begin(largest);
  for (Index j = 0; j < cols; ++j) parts.put(j, x[j], inverse);
}
}  // namespace

FixedPointParts::FixedPointParts(float* packed, Index cols)
    : scale(packed),
      low(reinterpret_cast<std::uint8_t*>(packed + 1)),
      high(low + plane_bytes(cols)),
      both(reinterpret_cast<std::uint16_t*>(high + plane_bytes(cols))) {
  for (Index j = cols; j < plane_bytes(cols); ++j) low[j] = high[j] = 0;
  both[cols] = 0;
}

float FixedPointParts::begin(std::int32_t largest_bits) const {
  const float largest = std::max(std::bit_cast<float>(largest_bits), 0x1p-100f);
  const bool finite = largest_bits <= std::bit_cast<std::int32_t>(std::numeric_limits<float>::max());
  *scale = finite ? largest / 32767 : std::numeric_limits<float>::quiet_NaN();
  return finite ? 32767 / largest : 0;
}

void FixedPointParts::put(Index j, float x, float inverse) const {
  const float q = inverse > 0 ? std::nearbyintf(x * inverse) : 0;
  const auto biased = static_cast<std::uint16_t>(static_cast<std::int32_t>(q) + 32768);
  both[j] = biased;
  low[j] = static_cast<std::uint8_t>(biased & 0xff);
  high[j] = static_cast<std::uint8_t>(biased >> 8);
}

FixedPoint::FixedPoint(const float* packed, Index cols)
    : scale(*packed),
      low(reinterpret_cast<const std::uint8_t*>(packed + 1)),
      high(low + plane_bytes(cols)),
      both(reinterpret_cast<const std::uint16_t*>(high + plane_bytes(cols))) {}

Index fixed_point_floats(Index cols) {
  const Index bytes = 2 * plane_bytes(cols) + 2 * (cols + 1);
  return 1 + (bytes + 3) / 4;
}

PackFixedPoint fixed_point_packer(Features have) {
  return contains(have, Features::avx2) ? pack_fixed_point_avx2 : pack;
}

FixedRows::FixedRows(const Problem& p, const Slices& slices)
    : scales_(static_cast<std::size_t>(slices.count() * kLanes)), shifts_(scales_.size()) {
  for (std::size_t i = 0; i < slices.rows.size(); ++i) {
    const auto row = static_cast<std::size_t>(slices.rows[i]);
    scales_[i] = p.scales.empty() ? 1 : p.scales[row];
    for (Index e = p.a.offsets[row]; e < p.a.offsets[row + 1]; ++e)
      shifts_[i] += 32768.0 * p.a.values[static_cast<std::size_t>(e)];
  }
}

void FixedRows::add(Index slice, float scale, const std::int32_t* low, const std::int32_t* high,
                    float* sums) const noexcept {
  const double* scales = scales_.data() + slice * kLanes;
  const double* shifts = shifts_.data() + slice * kLanes;
  for (int i = 0; i < kLanes; ++i)
    sums[i] += static_cast<float>(scales[i] * scale * (256.0 * high[i] + low[i] - shifts[i]));
}

std::optional<std::string> refuse_values(const Problem& p) {
  if (p.a.cols > kMostColumns)
    return std::to_string(p.a.cols) + " columns, of which a sum in 32 bits holds " +
           std::to_string(kMostColumns);
  for (const float x : p.a.values)
    if (!(x >= -128 && x <= 127) || x != std::trunc(x))
      return "value " + std::to_string(x) + " is no whole number from -128 to 127";
  return std::nullopt;
}
}  // namespace tulle::spmv
