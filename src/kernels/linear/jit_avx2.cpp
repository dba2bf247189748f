// The generated tile of jit_avx512.cpp for 16 registers without embedded broadcast: 6 rows of two vectors
// each, so that a broadcast value serves two FMAs.
#include <bit>

#include "kernels/linear/jit_piece.hpp"

namespace tulle::linear {
namespace {
using namespace generated;
using jit::Assembler;
using jit::Cursor;
using jit::Mem;
using jit::Vec;

constexpr Index kRows = 6;
constexpr int kHalves = 2;
constexpr Vec kRowOfB[kHalves] = {{12}, {13}}, kValue{14}, kOther{15};
constexpr std::int32_t kHalfBytes = 32;

Vec sum(Index row, int half) {
  return {static_cast<int>(row) * kHalves + half};
}
Mem half_of(jit::Gpr base, Index bytes, int half) {
  return {base, static_cast<std::int32_t>(bytes) + half * kHalfBytes};
}

void start(Assembler& to, const Piece& piece, ValueStream& values) {
  const Problem& p = piece.problem;
  for (Index i = 0; i < piece.rows; ++i) {
    Mem bias{};
    if (piece.first && !p.bias.empty()) bias = values.next(p.bias[piece.first_row + i] + 0.0f);
    for (int half = 0; half < kHalves; ++half) {
      const Mem residual = half_of(kResidual, i * p.r_stride * 4, half);
      if (!piece.first) {
        to.load(sum(i, half), half_of(kC, i * p.c_stride * 4, half));
        continue;
      }
      if (p.bias.empty())
        to.zero(sum(i, half));
      else
        to.broadcast(sum(i, half), bias);
      if (p.residual) to.add(sum(i, half), sum(i, half), residual);
    }
  }
}

void activate(Assembler& to, const Activation& act, Vec x) {
  switch (act.kind) {
    case ActivationKind::relu:
      to.max(x, kValue, x);
      break;
    case ActivationKind::clip:
      to.max(x, kValue, x);
      to.min(x, kOther, x);
      break;
    case ActivationKind::leaky_relu:
      to.mul(kOther, x, kValue);
      to.where_negative(x, x, kOther);
      break;
    default:
      break;
  }
}

/// Lane bits to all ones or zeros in kRowOfB; `bits` holds 1 << i for each lane.
void expand_lanes(Assembler& to, Mem bits) {
  to.broadcast(kRowOfB[1], kLaneBits);
  for (int half = 0; half < kHalves; ++half) {
    const Mem table{bits.base, bits.displacement + half * kHalfBytes};
    to.bit_and(kRowOfB[half], kRowOfB[1], table);
    to.equal_ints(kRowOfB[half], kRowOfB[half], table);
  }
}

void finish(Assembler& to, const Piece& piece, ValueStream& values) {
  const Problem& p = piece.problem;
  const bool mask = piece.last && p.mask;
  if (mask) {
    float bits[kLanes];
    for (std::uint32_t lane = 0; lane < kLanes; ++lane) bits[lane] = std::bit_cast<float>(1u << lane);
    expand_lanes(to, values.table(bits));
  }
  if (p.activation.kind == ActivationKind::relu)
    to.zero(kValue);
  else
    to.broadcast(kValue, p.activation.alpha);
  if (p.activation.kind == ActivationKind::clip) to.broadcast(kOther, p.activation.beta);
  for (Index i = 0; i < piece.rows; ++i)
    for (int half = 0; half < kHalves; ++half) {
      if (piece.last) activate(to, p.activation, sum(i, half));
      if (mask) to.bit_and(sum(i, half), sum(i, half), kRowOfB[half]);
      to.store(half_of(kC, i * p.c_stride * 4, half), sum(i, half));
    }
  to.leave();
}

void multiply(Assembler& to, const Piece& piece, const Column& column, ValueStream& values) {
  const bool copied = column.source_bytes >= 0, lone = column.count == 1 && !copied;
  for (int half = 0; half < kHalves && !lone; ++half) {
    to.load(kRowOfB[half],
            copied ? half_of(kSource, column.source_bytes, half) : half_of(kB, column.b_bytes, half));
    if (column.keep) to.store(half_of(kB, column.b_bytes, half), kRowOfB[half]);
  }
  for (const Nonzero& x : piece.all.of(column)) {
    to.broadcast(kValue, values.next(x.value));
    for (int half = 0; half < kHalves; ++half)
      if (lone)
        to.fma(sum(x.row, half), kValue, half_of(kB, column.b_bytes, half));
      else
        to.fma(sum(x.row, half), kValue, kRowOfB[half]);
  }
}

Emitted emit(Assembler& to, const Piece& piece) {
  ValueStream values(to, 1);
  SpreadPrefetch prefetch(to, piece);
  start(to, piece, values);
  for (const Column& column : piece.columns) {
    multiply(to, piece, column, values);
    prefetch.after(column.count);
  }
  finish(to, piece, values);
  return {std::move(values.floats), prefetch.written()};
}

constexpr Emitter kEmitter{jit::Isa::avx2, kRows, 20, emit};

std::optional<std::string> refuse(const Problem& p) {
  return refuse_program(p, kEmitter);
}
std::unique_ptr<Prepared> prepare(const Problem& p) {
  return make_program(p, kEmitter);
}

double cost_us(const Problem& p) {
  const TileCounts n = estimate_tiles(p.a, kRows);
  const auto nonzeros = static_cast<double>(n.nonzeros), columns = static_cast<double>(n.columns);
  const double cycles = 1.2 * std::max(nonzeros, (nonzeros + 2 * columns) / 2);
  return run_us(p, cycles + 20 * static_cast<double>(n.row_tiles), 24);
}
}  // namespace

extern constinit const Kernel jit_avx2{
    "linear/jit/avx2", Features::avx2 | Features::jit, true, refuse, cost_us, prepare, DType::f32, true};
}  // namespace tulle::linear
