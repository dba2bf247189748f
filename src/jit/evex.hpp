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

/// An instruction's first bytes as a number, the lowest first (Intel SDM, volume 2, section 2.7): what each
/// part of it sets. High bits of register numbers stand inverted. No masks.
namespace encoding {
constexpr std::uint64_t bit_of(int number, int at) {
  return static_cast<std::uint64_t>(~number >> at & 1);
}
constexpr std::uint64_t of(const Evex& op) {
  return 0x62 | std::uint64_t{0x40u | op.map} << 8 | std::uint64_t{4u | op.prefix} << 16 |
         std::uint64_t{0x40u | unsigned{op.broadcast} << 4} << 24 | std::uint64_t{op.opcode} << 32;
}
struct Parts {
  std::uint64_t reg[32], other[32], base[16];
};
constexpr Parts make_parts() {
  Parts p{};
  for (int i = 0; i < 32; ++i) {
    p.reg[i] = (bit_of(i, 3) << 7 | bit_of(i, 4) << 4) << 8 | static_cast<std::uint64_t>(i & 7) << 43;
    p.other[i] = static_cast<std::uint64_t>(~i & 15) << 19 | bit_of(i, 4) << 27;
    if (i < 16) p.base[i] = bit_of(i, 3) << 13 | static_cast<std::uint64_t>(i & 7) << 40;
  }
  return p;
}
inline constexpr Parts kParts = make_parts();
constexpr std::uint64_t kNoBytes = 0x00, kOneByte = 0x40, kFourBytes = 0x80,
                        kRegister = 0xc0;  // of displacement
}  // namespace encoding

/// Writes `reg, other, [m]` and returns how many bytes that is; up to kLongestEvex are overwritten. Of
/// instructions with two operands, other is register 0.
template <Evex op>
int encode(std::byte* to, int reg, int other, Mem m) {
  using namespace encoding;
  constexpr int kShift = op.broadcast ? 2 : 6;  // a short displacement counts what the instruction reads
  const std::uint64_t start =
      of(op) | kParts.reg[reg] | kParts.other[other] | kParts.base[static_cast<int>(m.base)];
  const std::int32_t steps = m.displacement >> kShift;
  if (steps << kShift == m.displacement && steps == static_cast<std::int8_t>(steps)) {
    const std::uint64_t form = steps == 0 ? kNoBytes : kOneByte;  // no base here lacks the form without bytes
    const std::uint64_t bytes = start | form << 40 | static_cast<std::uint64_t>(steps & 0xff) << 48;
    std::memcpy(to, &bytes, sizeof bytes);
    return steps == 0 ? 6 : 7;
  }
  const std::uint64_t bytes = start | kFourBytes << 40;
  std::memcpy(to, &bytes, sizeof bytes);
  std::memcpy(to + 6, &m.displacement, sizeof m.displacement);
  return kLongestEvex;
}

/// Writes `reg, from`, likewise.
template <Evex op>
int encode(std::byte* to, int reg, Gpr from) {
  using namespace encoding;
  const std::uint64_t bytes =
      of(op) | kParts.reg[reg] | kParts.other[0] | kParts.base[static_cast<int>(from)] | kRegister << 40;
  std::memcpy(to, &bytes, sizeof bytes);
  return 6;
}

/// Writes `prefetcht1 [m]`, likewise.
inline int encode_prefetch(std::byte* to, Mem m) {
  constexpr std::uint64_t kRexB = 0x41, kPrefetch = 0x180f, kT1 = 2 << 3;
  const auto base = static_cast<std::uint64_t>(m.base);
  const bool brief = m.displacement == static_cast<std::int8_t>(m.displacement);
  const std::uint64_t operands = kT1 | (base & 7) | (brief ? encoding::kOneByte : encoding::kFourBytes);
  const auto displacement = static_cast<std::uint64_t>(static_cast<std::uint32_t>(m.displacement));
  const std::uint64_t tail = kPrefetch | operands << 16 | displacement << 24;
  const std::uint64_t bytes = base < 8 ? tail : kRexB | tail << 8;
  std::memcpy(to, &bytes, sizeof bytes);
  return (base < 8 ? 3 : 4) + (brief ? 1 : 4);
}
}  // namespace tulle::jit
