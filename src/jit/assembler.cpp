#include "jit/assembler.hpp"

#include <xbyak/xbyak.h>

#include <bit>
#include <cstring>

#include "jit/evex.hpp"
#include "tulle/error.hpp"

namespace tulle::jit {
namespace {
constexpr Evex kLoad{1, 0, 0x10}, kStore{1, 0, 0x11}, kFma{2, 1, 0xb8}, kFmaScalar{2, 1, 0xb8, true},
    kDotBf16{2, 2, 0x52}, kDotBf16Scalar{2, 2, 0x52, true}, kDotU8S8Scalar{2, 1, 0x50, true},
    kBroadcast{2, 1, 0x7c};
}  // namespace

struct Assembler::Writer : Xbyak::CodeGenerator {
  Writer(Isa isa, CodeMemory& memory)
      : CodeGenerator(memory.size(), memory.data()),
        kind(isa == Isa::avx512 ? Xbyak::Operand::ZMM : Xbyak::Operand::YMM) {}
  Xbyak::Xmm vec(Vec v) const { return Xbyak::Xmm(kind, v.index); }
  Xbyak::Reg64 gpr(Gpr g) const { return Xbyak::Reg64(static_cast<int>(g)); }
  Xbyak::Address mem(Mem m) const { return ptr[gpr(m.base) + m.displacement]; }
  Xbyak::Address scalar(Mem m) const { return ptr_b[gpr(m.base) + m.displacement]; }
  Xbyak::Opmask mask(Mask m) const { return Xbyak::Opmask(m.index); }
  /// False: not the wide registers, or no room: Xbyak's turn.
  template <Evex op, class... Operands>
  bool wrote(Vec reg, Operands... operands) {
    if (kind != Xbyak::Operand::ZMM) return false;
    std::byte* const to = room();
    if (to) size_ += static_cast<std::size_t>(encode<op>(to, reg.index, operands...));
    return to;
  }
  bool prefetched(Mem m) {
    std::byte* const to = room();
    if (to) size_ += static_cast<std::size_t>(encode_prefetch(to, m));
    return to;
  }
  std::byte* room() {
    return size_ + kLongestEvex <= maxSize_ ? reinterpret_cast<std::byte*>(top_) + size_ : nullptr;
  }
  void append(const void* bytes, std::size_t count) {
    if (count > maxSize_ - size_) throw Error("jit", "data are longer than was planned for");
    if (count) std::memcpy(top_ + size_, bytes, count);
    size_ += count;
  }
  const Xbyak::Operand::Kind kind;
};

Assembler::Assembler(Isa isa, std::size_t bound_bytes) : memory_(bound_bytes) {
  writer_ = std::make_unique<Writer>(isa, memory_);
}
Assembler::~Assembler() = default;

CodeMemory Assembler::finish() {
  memory_.seal(size());
  return std::move(memory_);
}

std::size_t Assembler::size() const {
  return writer_->getSize();
}
void Assembler::align(std::size_t bytes) {
  writer_->align(bytes);
}
void Assembler::data(std::span<const float> values) {
  writer_->append(values.data(), values.size_bytes());
}
void Assembler::data(std::span<const std::uint32_t> words) {
  writer_->append(words.data(), words.size_bytes());
}

void Assembler::add(Gpr to, std::int32_t bytes) {
  writer_->add(writer_->gpr(to), bytes);
}
void Assembler::prefetch_l2(Mem m) {
  if (!writer_->prefetched(m)) writer_->prefetcht1(writer_->mem(m));
}
void Assembler::leave() {
  writer_->vzeroupper();
  writer_->ret();
}

void Assembler::load(Vec to, Mem m) {
  if (!writer_->wrote<kLoad>(to, 0, m)) writer_->vmovups(writer_->vec(to), writer_->mem(m));
}
void Assembler::store(Mem m, Vec from) {
  if (!writer_->wrote<kStore>(from, 0, m)) writer_->vmovups(writer_->mem(m), writer_->vec(from));
}
void Assembler::zero(Vec v) {
  const Xbyak::Xmm low(v.index);  // clears the whole register; the xmm form has no width to rename
  if (v.index < 16)
    writer_->vxorps(low, low, low);
  else
    writer_->vpxord(writer_->vec(v), writer_->vec(v), writer_->vec(v));
}
void Assembler::broadcast(Vec to, Mem m) {
  writer_->vbroadcastss(writer_->vec(to), writer_->mem(m));
}
void Assembler::broadcast(Vec to, float x) {
  constexpr std::uint8_t kMovEax = 0xb8;
  writer_->append(&kMovEax, sizeof kMovEax);
  writer_->append(&x, sizeof x);
  broadcast(to, Gpr::rax);
}
void Assembler::broadcast(Vec to, Gpr from) {
  if (writer_->wrote<kBroadcast>(to, from)) return;
  const Xbyak::Reg32 word(static_cast<int>(from));
  if (writer_->kind == Xbyak::Operand::ZMM) {
    writer_->vpbroadcastd(writer_->vec(to), word);
    return;
  }
  writer_->vmovd(Xbyak::Xmm(to.index), word);
  writer_->vbroadcastss(writer_->vec(to), Xbyak::Xmm(to.index));
}
void Assembler::add(Vec to, Vec a, Mem b) {
  writer_->vaddps(writer_->vec(to), writer_->vec(a), writer_->mem(b));
}
void Assembler::mul(Vec to, Vec a, Vec b) {
  writer_->vmulps(writer_->vec(to), writer_->vec(a), writer_->vec(b));
}
void Assembler::max(Vec to, Vec a, Vec b) {
  writer_->vmaxps(writer_->vec(to), writer_->vec(a), writer_->vec(b));
}
void Assembler::min(Vec to, Vec a, Vec b) {
  writer_->vminps(writer_->vec(to), writer_->vec(a), writer_->vec(b));
}
void Assembler::bit_and(Vec to, Vec a, Vec b) {
  writer_->vandps(writer_->vec(to), writer_->vec(a), writer_->vec(b));
}
void Assembler::bit_and(Vec to, Vec a, Mem b) {
  writer_->vandps(writer_->vec(to), writer_->vec(a), writer_->mem(b));
}
void Assembler::equal_ints(Vec to, Vec a, Mem b) {
  writer_->vpcmpeqd(writer_->vec(to), writer_->vec(a), writer_->mem(b));
}
void Assembler::where_negative(Vec to, Vec a, Vec b) {
  writer_->vblendvps(writer_->vec(to), writer_->vec(a), writer_->vec(b), writer_->vec(to));
}
void Assembler::fma(Vec sum, Vec a, Vec b) {
  writer_->vfmadd231ps(writer_->vec(sum), writer_->vec(a), writer_->vec(b));
}
void Assembler::fma(Vec sum, Vec a, Mem b) {
  if (!writer_->wrote<kFma>(sum, a.index, b))
    writer_->vfmadd231ps(writer_->vec(sum), writer_->vec(a), writer_->mem(b));
}
void Assembler::fma_scalar(Vec sum, Vec a, Mem b) {
  if (!writer_->wrote<kFmaScalar>(sum, a.index, b))
    writer_->vfmadd231ps(writer_->vec(sum), writer_->vec(a), writer_->scalar(b));
}

void Assembler::dot_bf16(Vec sum, Vec a, Mem b) {
  if (!writer_->wrote<kDotBf16>(sum, a.index, b))
    writer_->vdpbf16ps(writer_->vec(sum), writer_->vec(a), writer_->mem(b));
}
void Assembler::dot_bf16_scalar(Vec sum, Vec a, Mem b) {
  if (!writer_->wrote<kDotBf16Scalar>(sum, a.index, b))
    writer_->vdpbf16ps(writer_->vec(sum), writer_->vec(a), writer_->scalar(b));
}
void Assembler::dot_u8_s8(Vec sum, Vec a, Vec b) {
  writer_->vpdpbusd(writer_->vec(sum), writer_->vec(a), writer_->vec(b), Xbyak::EvexEncoding);
}
void Assembler::dot_u8_s8_scalar(Vec sum, Vec a, Mem b) {
  if (!writer_->wrote<kDotU8S8Scalar>(sum, a.index, b))
    writer_->vpdpbusd(writer_->vec(sum), writer_->vec(a), writer_->scalar(b), Xbyak::EvexEncoding);
}
void Assembler::ints_to_floats(Vec x) {
  writer_->vcvtdq2ps(writer_->vec(x), writer_->vec(x));
}
void Assembler::fma_onto_scalar(Vec x, Vec a, Mem b) {
  writer_->vfmadd213ps(writer_->vec(x), writer_->vec(a), writer_->scalar(b));
}

void Assembler::load_low_halves(Vec to, Mem m) {
  writer_->vpslld(writer_->vec(to), writer_->mem(m), 16);
}
void Assembler::load_high_halves(Vec to, Mem m, Mask odd) {
  writer_->vmovdqu16(writer_->vec(to) | writer_->mask(odd) | writer_->T_z, writer_->mem(m));
}
void Assembler::mask(Mask to, std::uint32_t bits) {
  writer_->mov(writer_->eax, bits);
  mask(to, Gpr::rax);
}
void Assembler::mask(Mask to, Gpr from) {
  writer_->kmovd(writer_->mask(to), Xbyak::Reg32(static_cast<int>(from)));
}
void Assembler::mask_negative(Mask to, Vec a) {
  writer_->vpmovd2m(writer_->mask(to), writer_->vec(a));
}
void Assembler::mul_where(Mask m, Vec to, Vec a, Vec b) {
  writer_->vmulps(writer_->vec(to) | writer_->mask(m), writer_->vec(a), writer_->vec(b));
}
void Assembler::zero_unless(Mask m, Vec v) {
  writer_->vmovaps(writer_->vec(v) | writer_->mask(m) | writer_->T_z, writer_->vec(v));
}
}  // namespace tulle::jit
