// A tile of up to 30 x 16 of C stays in registers while straight-line code, generated for this matrix, walks
// over the columns of A: one load of the row of B, then for each nonzero one FMA that broadcasts the value
// from a stream. After the register tile of libxsmm's generated kernels (Heinecke et al., SC 2016), with the
// pattern as the code.
#include "kernels/linear/jit_program.hpp"

namespace tulle::linear {
namespace {
using namespace generated;
using jit::Assembler;
using jit::Cursor;
using jit::Mask;
using jit::Mem;
using jit::Vec;

constexpr Index kRows = 30;
constexpr Vec kRowOfB{30}, kValue{31};
constexpr Mask kLaneMask{1}, kNegative{2};

Vec sum(Index row) {
  return {static_cast<int>(row)};
}
Mem row_of(jit::Gpr base, Index row, Index stride) {
  return {base, static_cast<std::int32_t>(row * stride * 4)};
}

void start(Assembler& to, const Piece& piece, Cursor& values, std::vector<float>& stream) {
  const Problem& p = piece.problem;
  for (Index i = 0; i < piece.rows; ++i) {
    if (!piece.first) {
      to.load(sum(i), row_of(kC, i, p.c_stride));
    } else if (!p.bias.empty()) {
      to.broadcast(sum(i), values.at(static_cast<Index>(stream.size()) * 4));
      stream.push_back(p.bias[piece.first_row + i]);
      if (p.residual) to.add(sum(i), sum(i), row_of(kResidual, i, p.r_stride));
    } else if (p.residual) {
      to.load(sum(i), row_of(kResidual, i, p.r_stride));
    } else {
      to.zero(sum(i));
    }
  }
}

Mem next_value(Cursor& values, std::vector<float>& stream, float value) {
  const Index bytes = static_cast<Index>(stream.size()) * 4;
  if (!values.reaches(bytes)) values.move_before(bytes);
  stream.push_back(value);
  return values.at(bytes);
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

void finish(Assembler& to, const Piece& piece) {
  const Problem& p = piece.problem;
  if (piece.last) {
    activate(to, p.activation, piece.rows);
    if (p.mask) {
      to.mask(kLaneMask, kLaneBits);
      for (Index i = 0; i < piece.rows; ++i) to.zero_unless(kLaneMask, sum(i));
    }
  }
  for (Index i = 0; i < piece.rows; ++i) to.store(row_of(kC, i, p.c_stride), sum(i));
  to.leave();
}

Index emit(Assembler& to, const Piece& piece, std::vector<float>& stream) {
  Cursor b(to, kB, 64), values(to, kValues, 4);
  SpreadPrefetch prefetch(to, piece);
  start(to, piece, values, stream);
  for (std::size_t k = 0; k < piece.columns.size(); ++k) {
    const Column& column = piece.columns[k];
    to.load(kRowOfB, reach(b, column.b_bytes, piece.columns.subspan(k)));
    for (const Nonzero& x : piece.all.of(column))
      to.fma_scalar(sum(x.row), kRowOfB, next_value(values, stream, x.value));
    prefetch.after(column.count);
  }
  finish(to, piece);
  return prefetch.written();
}

constexpr Emitter kEmitter{jit::Isa::avx512, kRows, emit};

std::optional<std::string> refuse(const Problem& p) {
  return refuse_program(p, kEmitter);
}
std::unique_ptr<Prepared> prepare(const Problem& p) {
  return make_program(p, kEmitter);
}

double cost_us(const Problem& p) {
  const TileCounts n = count_tiles(p.a, kRows);
  const double loads = static_cast<double>(n.nonzeros + n.columns) / 2;
  const double overhead = 40.0 * static_cast<double>(n.row_tiles);
  return (loads + overhead) * static_cast<double>(p.tiles) / 3000;
}
}  // namespace

extern constinit const Kernel jit_avx512{
    "linear/jit/avx512", Features::avx512 | Features::jit, true, refuse, cost_us, prepare};
}  // namespace tulle::linear
