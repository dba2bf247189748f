// A tile of up to 30 x 16 of C stays in registers while straight-line code, generated for this matrix, walks
// over the columns of A: one load of the row of B, then for each nonzero one FMA that broadcasts the value
// from a stream. After the register tile of libxsmm's generated kernels (Heinecke et al., SC 2016), with the
// pattern as the code. Narrow types differ in the one instruction that multiplies.
#include <bit>

#include "kernels/linear/jit_piece.hpp"

namespace tulle::linear::generated {
namespace {
using jit::Assembler;
using jit::Cursor;
using jit::Mask;
using jit::Mem;
using jit::Vec;

constexpr Vec kRowOfB{30}, kValue{31};
constexpr Mask kLaneMask{1}, kNegative{2}, kHighHalves{3};

Vec sum(Index row) {
  return {static_cast<int>(row)};
}
Mem row_of(jit::Gpr base, Index row, Index stride) {
  return {base, static_cast<std::int32_t>(row * stride * 4)};
}

void start(Assembler& to, const Piece& piece, ValueStream& values) {
  const Problem& p = piece.problem;
  for (Index i = 0; i < piece.rows; ++i) {
    if (!piece.first) {
      to.load(sum(i), row_of(kC, i, p.c_stride));
      continue;
    }
    if (piece.product == Product::s8_u8_quads) {
      const std::int32_t at = piece.integers.starts[static_cast<std::size_t>(piece.first_row + i)];
      if (at != 0)
        to.broadcast(sum(i), std::bit_cast<float>(at));  // loads are what runs out
      else
        to.zero(sum(i));
      continue;
    }
    if (p.bias.empty())
      to.zero(sum(i));
    else
      to.broadcast(sum(i), values.next(p.bias[piece.first_row + i] + 0.0f));
    if (p.residual) to.add(sum(i), sum(i), row_of(kResidual, i, p.r_stride));
  }
}

void activate(Assembler& to, const Activation& act, Index rows) {
  switch (act.kind) {
    case ActivationKind::relu:
      to.zero(kValue);
      for (Index i = 0; i < rows; ++i) to.max(sum(i), kValue, sum(i));
      break;
    case ActivationKind::clip:
      to.broadcast(kRowOfB, act.alpha);
      to.broadcast(kValue, act.beta);
      for (Index i = 0; i < rows; ++i) {
        to.max(sum(i), kRowOfB, sum(i));
        to.min(sum(i), kValue, sum(i));
      }
      break;
    case ActivationKind::leaky_relu:
      to.broadcast(kValue, act.alpha);
      for (Index i = 0; i < rows; ++i) {
        to.mask_negative(kNegative, sum(i));
        to.mul_where(kNegative, sum(i), sum(i), kValue);
      }
      break;
    default:
      break;
  }
}

/// Sums of integers to floats: scale sum + bias, rounded once, and R.
void scale(Assembler& to, const Piece& piece, ValueStream& values) {
  const Problem& p = piece.problem;
  for (Index i = 0; i < piece.rows; ++i) {
    const auto row = static_cast<std::size_t>(piece.first_row + i);
    const float factor = piece.integers.scales[row], bias = p.bias.empty() ? 0 : p.bias[row];
    to.ints_to_floats(sum(i));
    if (factor != 1 || bias != 0) {
      to.broadcast(kValue, values.next(factor));
      to.fma_onto_scalar(sum(i), kValue, values.next(bias));
    }
    if (p.residual) to.add(sum(i), sum(i), row_of(kResidual, i, p.r_stride));
  }
}

void finish(Assembler& to, const Piece& piece, ValueStream& values) {
  const Problem& p = piece.problem;
  if (piece.last) {
    if (piece.product == Product::s8_u8_quads) scale(to, piece, values);
    activate(to, p.activation, piece.rows);
    if (p.mask) {
      to.mask(kLaneMask, kLaneBits);
      for (Index i = 0; i < piece.rows; ++i) to.zero_unless(kLaneMask, sum(i));
    }
  }
  for (Index i = 0; i < piece.rows; ++i) to.store(row_of(kC, i, p.c_stride), sum(i));
  to.leave();
}

/// A row of B, each lane as the product wants it.
void load_row(Assembler& to, Product product, const Column& column, Mem row_of_b) {
  if (product != Product::bf16_singles)
    to.load(kRowOfB, row_of_b);
  else if (column.rank % 2 == 0)
    to.load_low_halves(kRowOfB, row_of_b);
  else
    to.load_high_halves(kRowOfB, row_of_b, kHighHalves);
}

/// sum += the entry in kValue times a row of B.
void multiply_lone(Assembler& to, Product product, Vec to_sum, const Column& column, Mem row_of_b) {
  switch (product) {
    case Product::f32:
      to.fma(to_sum, kValue, row_of_b);
      break;
    case Product::bf16_pairs:
      to.dot_bf16(to_sum, kValue, row_of_b);
      break;
    case Product::bf16_singles:
      load_row(to, product, column, row_of_b);
      to.fma(to_sum, kRowOfB, kValue);
      break;
    case Product::s8_u8_quads:  // whose unsigned operand must be a register
      load_row(to, product, column, row_of_b);
      to.dot_u8_s8(to_sum, kRowOfB, kValue);
      break;
  }
}

/// sum += the entry of A at `value` times the row of B in kRowOfB.
void multiply_scalar(Assembler& to, Product product, Vec to_sum, Mem value) {
  switch (product) {
    case Product::f32:
    case Product::bf16_singles:
      to.fma_scalar(to_sum, kRowOfB, value);
      break;
    case Product::bf16_pairs:
      to.dot_bf16_scalar(to_sum, kRowOfB, value);
      break;
    case Product::s8_u8_quads:
      to.dot_u8_s8_scalar(to_sum, kRowOfB, value);
      break;
  }
}

struct Cursors {
  Cursor tile, source;
};

/// The first of the columns. A lone nonzero is an immediate: on Zen 4 1.33 cycles against 2.0 with the value
/// from memory; on Intel's servers, where loads are what runs out, up to 6 % at 95 % zeros.
void multiply(Assembler& to, const Piece& piece, std::span<const Column> columns, Cursors& b,
              ValueStream& values) {
  const Column& column = columns.front();
  const auto nonzeros = piece.all.of(column);
  if (column.source_bytes >= 0) {
    to.load(kRowOfB, reach_source(b.source, column, piece.problem.b_ld));
    if (column.keep) to.store(reach(b.tile, columns), kRowOfB);
  } else if (column.count == 1) {
    to.broadcast(kValue, nonzeros[0].value);
    multiply_lone(to, piece.product, sum(nonzeros[0].row), column, reach(b.tile, columns));
    return;
  } else {
    load_row(to, piece.product, column, reach(b.tile, columns));
  }
  for (const Nonzero& x : nonzeros) multiply_scalar(to, piece.product, sum(x.row), values.next(x.value));
}
}  // namespace

Emitted emit_avx512(Assembler& to, const Piece& piece) {
  Cursors b{{to, kB, 64}, {to, kSource, 64}};
  ValueStream values(to, 4);
  SpreadPrefetch prefetch(to, piece);
  if (piece.product == Product::bf16_singles) to.mask(kHighHalves, 0xaaaaaaaau);
  start(to, piece, values);
  for (std::size_t k = 0; k < piece.columns.size(); ++k) {
    multiply(to, piece, piece.columns.subspan(k), b, values);
    prefetch.after(piece.columns[k].count);
  }
  finish(to, piece, values);
  return {std::move(values.floats), prefetch.written()};
}
}  // namespace tulle::linear::generated

namespace tulle::linear {
namespace {
using namespace generated;
constexpr Emitter kEmitter{jit::Isa::avx512, kAvx512Rows, 8, emit_avx512};

std::optional<std::string> refuse(const Problem& p) {
  return refuse_program(p, kEmitter);
}
std::unique_ptr<Prepared> prepare(const Problem& p) {
  return make_program(p, kEmitter);
}

/// Zen 4 makes one FMA of a whole vector a cycle; Intel's servers make two and as many loads.
double cycles(const TileCounts& n) {
  static const bool amd = cpu_info().model.find("AMD") != std::string::npos;
  const auto nonzeros = static_cast<double>(n.nonzeros);
  return amd ? nonzeros + 0.33 * static_cast<double>(n.lone)
             : (nonzeros + static_cast<double>(n.columns)) / 2;
}

double cost_us(const Problem& p) {
  const TileCounts n = estimate_tiles(p.a, kAvx512Rows);
  constexpr double kStartAndEnd = 40;  // cycles of a piece: 30 biases, 30 stores
  return run_us(p, cycles(n) + kStartAndEnd * static_cast<double>(n.row_tiles), 12);
}
}  // namespace

extern constinit const Kernel jit_avx512{
    "linear/jit/avx512", Features::avx512 | Features::jit, true, refuse, cost_us, prepare, DType::f32, true};
}  // namespace tulle::linear
