#pragma once
#include <bit>
#include <cstdint>

namespace tulle {
/// The upper half of a float, rounded to nearest even.
class BFloat16 {
 public:
  BFloat16() = default;
  explicit BFloat16(float x) {
    const std::uint32_t u = std::bit_cast<std::uint32_t>(x);
    bits_ = static_cast<std::uint16_t>(x != x ? u >> 16 | 0x40 : (u + 0x7fff + (u >> 16 & 1)) >> 16);
  }
  operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits_) << 16); }

 private:
  std::uint16_t bits_ = 0;
};
}  // namespace tulle
