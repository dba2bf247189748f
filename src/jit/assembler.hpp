#pragma once
#include <cstdint>
#include <memory>
#include <span>

#include "jit/memory.hpp"
#include "tulle/tensor.hpp"

namespace tulle::jit {
/// General registers of which generated functions make use; by the System V ABI all may be overwritten.
enum class Gpr : std::uint8_t {
  rax = 0,
  rcx = 1,
  rdx = 2,
  rsi = 6,
  rdi = 7,
  r8 = 8,
  r9 = 9,
  r10 = 10,
  r11 = 11
};
struct Vec {
  int index;  ///< of a zmm (avx512) or ymm (avx2) register
};
struct Mask {
  int index;  ///< of a k register, 1 to 7
};
struct Mem {
  Gpr base;
  std::int32_t displacement;  ///< bytes
};
enum class Isa { avx2, avx512 };

/// Writes machine code: the few instructions that the generators need, under names that say what they do.
/// Vectors have the whole width of the instruction set. The only door to Xbyak.
class Assembler {
 public:
  Assembler(Isa isa, std::size_t bound_bytes);  ///< writing past the bound throws
  ~Assembler();
  CodeMemory finish();  ///< the sealed code; the assembler is spent

  std::size_t size() const;  ///< bytes written so far: the offset of what comes next
  void align(std::size_t bytes);
  void data(std::span<const float>);
  void data(std::span<const std::uint32_t>);

  void add(Gpr, std::int32_t);
  void prefetch_l2(Mem);
  void leave();  ///< vzeroupper, ret

  void load(Vec, Mem);
  void store(Mem, Vec);
  void zero(Vec);
  void broadcast(Vec, Mem);    ///< all lanes = the float there
  void broadcast(Vec, float);  ///< the same from the instruction stream, through eax
  void broadcast(Vec, Gpr);    ///< the low 32 bits
  void add(Vec to, Vec a, Mem b);
  void mul(Vec to, Vec a, Vec b);
  void max(Vec to, Vec a, Vec b);  ///< b where either is NaN
  void min(Vec to, Vec a, Vec b);  ///< b where either is NaN
  void bit_and(Vec to, Vec a, Vec b);
  void bit_and(Vec to, Vec a, Mem b);
  void equal_ints(Vec to, Vec a, Mem b);      ///< avx2: all ones where equal
  void where_negative(Vec to, Vec a, Vec b);  ///< avx2: to = (sign bit of to) ? b : a
  void fma(Vec sum, Vec a, Vec b);            ///< sum += a b
  void fma(Vec sum, Vec a, Mem b);
  void fma_scalar(Vec sum, Vec a, Mem b);  ///< avx512: b is one float for all lanes

  /// avx512 with bf16 or VNNI: each lane of `sum` gains the dot product of its word of a and its word of b:
  void dot_bf16(Vec sum, Vec a, Mem b);         ///< two pairs of bf16, in f32
  void dot_bf16_scalar(Vec sum, Vec a, Mem b);  ///< b is one word for all lanes, here and below
  void dot_u8_s8(Vec sum, Vec a, Vec b);        ///< four unsigned bytes of a, four signed of b, in s32
  void dot_u8_s8_scalar(Vec sum, Vec a, Mem b);
  void ints_to_floats(Vec);
  void fma_onto_scalar(Vec x, Vec a, Mem b);  ///< avx512: x = x a + b, b one float for all lanes

  void load_low_halves(Vec, Mem);         ///< avx512: the lower bf16 of each word there, as f32
  void load_high_halves(Vec, Mem, Mask);  ///< likewise the upper; of the mask every odd bit is set
  void mask(Mask, std::uint32_t);         ///< through eax
  void mask(Mask, Gpr);                        ///< avx512, as are all that take masks
  void mask_negative(Mask, Vec);               ///< lanes whose sign bit is set
  void mul_where(Mask, Vec to, Vec a, Vec b);  ///< other lanes keep `to`
  void zero_unless(Mask, Vec);

 private:
  struct Writer;
  std::unique_ptr<Writer> writer_;
  CodeMemory memory_;
};

/// A base register that moves through memory so that displacements fit one byte, which AVX-512 counts in
/// units of the operand's size ("disp8*N"): 64 for vectors, 4 for broadcast floats. Saves 3 bytes of each
/// instruction.
class Cursor {
 public:
  Cursor(Assembler& to, Gpr base, Index unit_bytes)  ///< a power of two
      : to_(to), base_(base), unit_(unit_bytes) {}
  bool reaches(Index bytes) const {
    const Index d = bytes - at_;
    return (d & (unit_ - 1)) == 0 && d >= -128 * unit_ && d <= 127 * unit_;
  }
  void move_before(Index bytes) {  ///< afterwards `bytes` and the 255 units behind it are reached
    const Index to = bytes + 128 * unit_;
    to_.add(base_, static_cast<std::int32_t>(to - at_));
    at_ = to;
  }
  Mem at(Index bytes) const { return {base_, static_cast<std::int32_t>(bytes - at_)}; }

 private:
  Assembler& to_;
  Gpr base_;
  Index unit_, at_ = 0;
};
}  // namespace tulle::jit
