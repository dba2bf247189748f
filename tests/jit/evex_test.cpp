#include "jit/evex.hpp"

#include <gtest/gtest.h>
#include <xbyak/xbyak.h>

#include <array>
#include <string>

using namespace tulle::jit;

namespace {
constexpr Evex kLoad{1, 0, 0x10}, kFma{2, 1, 0xb8}, kFmaScalar{2, 1, 0xb8, true}, kDot{2, 2, 0x52, true},
    kBroadcast{2, 1, 0x7c};
constexpr std::array kBases{Gpr::rax, Gpr::rcx, Gpr::rdx, Gpr::rsi, Gpr::rdi,
                            Gpr::r8,  Gpr::r9,  Gpr::r10, Gpr::r11};
constexpr std::array kDisplacements{0,    4,    -4,   64,    -64,   508, 512,    -512,
                                    -516, 8128, 8192, -8192, -8256, 70,  1 << 20};

std::string hex(const std::uint8_t* bytes, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += std::to_string(bytes[i]) + " ";
  return text;
}

/// What Xbyak writes and what encode writes must be the same bytes.
struct Both : Xbyak::CodeGenerator {
  template <Evex op, class... Operands>
  void expect(int reg, Operands... operands) {
    compare([&](std::byte* to) { return encode<op>(to, reg, operands...); });
  }
  template <class Write>
  void compare(Write write) {
    std::array<std::byte, 16> own{};
    const int count = write(own.data());
    EXPECT_EQ(hex(reinterpret_cast<std::uint8_t*>(own.data()), static_cast<std::size_t>(count)),
              hex(getCode(), getSize()));
    reset();
  }
};
}  // namespace

TEST(Evex, WritesWhatXbyakWrites) {
  Both both;
  for (int reg : {0, 1, 7, 8, 15, 16, 23, 30, 31})
    for (const Gpr base : kBases) {
      const Xbyak::Reg64 address(static_cast<int>(base));
      both.vpbroadcastd(Xbyak::Zmm(reg), Xbyak::Reg32(static_cast<int>(base)));
      both.expect<kBroadcast>(reg, base);
      for (const int displacement : kDisplacements) {
        const Mem m{base, displacement};
        if (displacement != 0) {  // for which Xbyak has a shorter form
          both.prefetcht1(both.ptr[address + displacement]);
          both.compare([&](std::byte* to) { return encode_prefetch(to, m); });
        }
        both.vmovups(Xbyak::Zmm(reg), both.ptr[address + displacement]);
        both.expect<kLoad>(reg, 0, m);
        for (int other : {0, 9, 17, 30, 31}) {
          both.vfmadd231ps(Xbyak::Zmm(reg), Xbyak::Zmm(other), both.ptr[address + displacement]);
          both.expect<kFma>(reg, other, m);
          both.vfmadd231ps(Xbyak::Zmm(reg), Xbyak::Zmm(other), both.ptr_b[address + displacement]);
          both.expect<kFmaScalar>(reg, other, m);
          both.vdpbf16ps(Xbyak::Zmm(reg), Xbyak::Zmm(other), both.ptr_b[address + displacement]);
          both.expect<kDot>(reg, other, m);
        }
      }
    }
}
