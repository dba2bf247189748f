#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "jit/assembler.hpp"

namespace tulle::jit {
/// An instruction on whole zmm registers whose last operand is memory or, where it broadcasts, one float of
/// it. Xbyak takes some 60 ns for one of these, and generated products hold one for each entry of a matrix.
struct Evex {
  std::uint8_t map;     ///< 1: 0F, 2: 0F 38
  std::uint8_t prefix;  ///< 0: none, 1: 66, 2: F3
  std::uint8_t opcode;
  bool broadcast = false;
};
constexpr int kLongestEvex = 10;

/// The first five bytes, the lowest first (Intel SDM, volume 2, section 2.7; no masks).
inline std::uint64_t encode_start(const Evex& op, int reg, int other, int base) {
  const auto bit = [](int of, int at) { return static_cast<std::uint64_t>(~of >> at & 1); };  // inverted
  const std::uint64_t first = bit(reg, 3) << 7 | 0x40 | bit(base, 3) << 5 | bit(reg, 4) << 4 | op.map;
  const std::uint64_t second = static_cast<std::uint64_t>(~other & 15) << 3 | 4 | op.prefix;
  const std::uint64_t third = 0x40 | std::uint64_t{op.broadcast} << 4 | bit(other, 4) << 3;
  return 0x62 | first << 8 | second << 16 | third << 24 | std::uint64_t{op.opcode} << 32;
}

/// Writes `reg, other, [m]` and returns how many bytes that is; up to kLongestEvex are overwritten. Of
/// instructions with two operands, other is register 0.
inline int encode(std::byte* to, const Evex& op, int reg, int other, Mem m) {
  const int base = static_cast<int>(m.base);
  const auto operands = static_cast<std::uint64_t>((reg & 7) << 3 | (base & 7));
  const int shift = op.broadcast ? 2 : 6;  // a short displacement counts what the instruction reads
  const std::int32_t steps = m.displacement >> shift;
  const bool none = m.displacement == 0;  // no base here is one of those that this form lacks
  const bool brief = steps << shift == m.displacement && steps >= -128 && steps <= 127;
  const std::uint64_t form = none ? 0 : brief ? 0x40 : 0x80;
  const std::uint64_t start = encode_start(op, reg, other, base) | (form | operands) << 40 |
                              static_cast<std::uint64_t>(steps & 0xff) << 48;
  std::memcpy(to, &start, sizeof start);
  if (none || brief) return none ? 6 : 7;
  std::memcpy(to + 6, &m.displacement, sizeof m.displacement);
  return kLongestEvex;
}

/// Writes `reg, from`, likewise.
inline int encode(std::byte* to, const Evex& op, int reg, Gpr from) {
  const int base = static_cast<int>(from);
  const auto operands = static_cast<std::uint64_t>(0xc0 | (reg & 7) << 3 | (base & 7));
  const std::uint64_t bytes = encode_start(op, reg, 0, base) | operands << 40;
  std::memcpy(to, &bytes, sizeof bytes);
  return 6;
}
}  // namespace tulle::jit
