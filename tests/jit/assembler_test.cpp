#include "jit/assembler.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "core/cpu.hpp"

using namespace tulle;
using namespace tulle::jit;

namespace {
/// The protection of the pages at this address, as the system prints it: "r-xp".
std::string protection(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const auto dash = line.find('-'), space = line.find(' ');
    const auto from = std::stoull(line.substr(0, dash), nullptr, 16);
    const auto to = std::stoull(line.substr(dash + 1, space - dash - 1), nullptr, 16);
    if (from <= wanted && wanted < to) return line.substr(space + 1, 4);
  }
  return "none";
}
}  // namespace

TEST(CodeMemory, IsWritableOrExecutableButNeverBoth) {
  if (const auto why = refuse_executable_memory()) GTEST_SKIP() << *why;
  CodeMemory memory(100'000);
  EXPECT_EQ(protection(memory.data()), "rw-p");
  const std::byte* behind = memory.data() + 8192;
  memory.seal(5000);
  EXPECT_EQ(protection(memory.data()), "r-xp");
  EXPECT_EQ(memory.size(), 8192u);
  EXPECT_NE(protection(behind), "rw-p");
}

TEST(CodeMemory, LiesOnAHugePagesBoundaryAndMovesItsOwnership) {
  CodeMemory memory(10);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % (std::uintptr_t{2} << 20), 0u);
  const std::byte* data = memory.data();
  const CodeMemory other = std::move(memory);
  EXPECT_EQ(other.data(), data);
  EXPECT_EQ(memory.data(), nullptr);
}

TEST(Cursor, ReachesMultiplesOfItsUnitWithinASignedByte) {
  Assembler to(Isa::avx512, 4096);
  Cursor cursor(to, Gpr::rdi, 64);
  EXPECT_TRUE(cursor.reaches(127 * 64));
  EXPECT_FALSE(cursor.reaches(128 * 64));
  EXPECT_TRUE(cursor.reaches(-128 * 64));
  EXPECT_FALSE(cursor.reaches(4));
  cursor.move_before(1000 * 64);
  EXPECT_TRUE(cursor.reaches(1000 * 64));
  EXPECT_TRUE(cursor.reaches(1255 * 64));
  EXPECT_FALSE(cursor.reaches(1256 * 64));
  EXPECT_EQ(cursor.at(1000 * 64).displacement, -128 * 64);
}

TEST(Assembler, WritesAFunctionThatRuns) {  // c[0..15] = bias + 2 x b
  if (!contains(cpu_features(), Features::avx512)) GTEST_SKIP() << "this CPU has no AVX-512";
  Assembler to(Isa::avx512, 4096);
  to.broadcast(Vec{0}, 0.5f);
  to.broadcast(Vec{17}, 2.0f);
  to.fma(Vec{0}, Vec{17}, Mem{Gpr::rdi, 0});
  to.store(Mem{Gpr::rsi, 0}, Vec{0});
  to.leave();
  const CodeMemory code = to.finish();
  float b[16], c[16];
  for (int i = 0; i < 16; ++i) b[i] = static_cast<float>(i);
  reinterpret_cast<void (*)(const float*, float*)>(code.data())(b, c);
  for (int i = 0; i < 16; ++i) EXPECT_EQ(c[i], 0.5f + 2 * static_cast<float>(i));
}

TEST(Assembler, StopsAtItsBound) {
  Assembler to(Isa::avx2, 4096);
  EXPECT_ANY_THROW(for (int i = 0; i < 5000; ++i) to.zero(Vec{1}));
}
