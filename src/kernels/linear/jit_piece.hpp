#pragma once
#include <vector>

#include "jit/assembler.hpp"
#include "kernels/linear/jit_columns.hpp"

namespace tulle::linear::generated {
/// What an entry of A (32 bits, carried as a float) and a lane of B make, and what they are added to.
enum class Product {
  f32,           ///< f32 times f32
  bf16_pairs,    ///< two bf16 by two bf16, in f32
  bf16_singles,  ///< f32 times the lower (even rank of the column) or the upper of two bf16, widened when
                 ///< loaded
  s8_u8_quads,   ///< four s8 by four u8, in s32; at the end act(scale sum + bias + R) in f32
};
/// For sums of integers: where the sum of a row begins and what it is multiplied by, one of each a row.
struct IntegerRows {
  std::span<const std::int32_t> starts;
  std::span<const float> scales;
};

/// What one generated function computes: some rows of C on one tile, over one block of the columns of A.
///   void f(const float* b, float* c, const float* values, const float* r, uint64 lanes, const byte*
///   prefetch)
/// c and r point at the first of the rows; `values` is the stream that the emitter returns. Where rows of B
/// are copied on the way, b is the tile's panel and `lanes` the address of the tile in row-major B.
struct Piece {
  const Problem& problem;
  Index first_row, rows;
  bool first, last;  ///< block of columns: the first starts from bias and residual, the others from C
  const Columns& all;
  std::span<const Column> columns;
  Index prefetches;  ///< lines behind `prefetch` that the code should bring to L2, evenly spread
  Product product = Product::f32;
  IntegerRows integers;
  Index nonzeros() const;
};
constexpr jit::Gpr kB = jit::Gpr::rdi, kC = jit::Gpr::rsi, kValues = jit::Gpr::rdx, kResidual = jit::Gpr::rcx,
                   kLaneBits = jit::Gpr::r8, kSource = jit::Gpr::r8, kPrefetch = jit::Gpr::r9;

struct Emitted {
  std::vector<float> values;
  Index prefetches = 0;
};

/// An instruction set's way to write pieces.
struct Emitter {
  jit::Isa isa;
  Index rows;               ///< at most, of a piece
  Index bytes_per_nonzero;  ///< of code, usually
  Emitted (*emit)(jit::Assembler&, const Piece&);
  Product product = Product::f32;
};
/// Tiles of 30 rows for AVX-512, of any product.
Emitted emit_avx512(jit::Assembler&, const Piece&);
constexpr Index kAvx512Rows = 30;

/// Floats that the code reads in the order in which it was written.
class ValueStream {
 public:
  ValueStream(jit::Assembler& to, Index displacement_unit) : cursor_(to, kValues, displacement_unit) {}
  jit::Mem next(float);                    ///< appends it; says where the code finds it
  jit::Mem table(std::span<const float>);  ///< likewise the first of several
  std::vector<float> floats;

 private:
  jit::Cursor cursor_;
};

/// Prefetches evenly spread over a piece's code: a burst would fill the miss buffers and hold up the tile
/// behind it.
class SpreadPrefetch {
 public:
  SpreadPrefetch(jit::Assembler& to, const Piece&);
  void after(Index nonzeros);  ///< to be called with the count of nonzeros just written
  Index written() const { return written_; }

 private:
  jit::Assembler& to_;
  jit::Cursor lines_;
  Index wanted_, every_, since_ = 0, written_ = 0;
};

/// Where the first of these columns finds its row of B: by a short displacement, moving the cursor if enough
/// of the columns behind it gain by that.
jit::Mem reach(jit::Cursor& b, std::span<const Column>);
/// Likewise in row-major B, b_ld floats from row to row.
jit::Mem reach_source(jit::Cursor& source, const Column&, Index b_ld);

std::optional<std::string> refuse_program(const Problem&, const Emitter&);
std::unique_ptr<Prepared> make_program(const Problem&, const Emitter&, const IntegerRows& = {});

/// Nonzeros, columns with a nonzero and with just one, summed over the tiles of `rows` rows: what time is
/// made of.
struct TileCounts {
  Index row_tiles = 0, nonzeros = 0, columns = 0, lone = 0;
  Index looked_columns = 0, distinct = 0;  ///< of the tiles looked at: columns, and how many different ones
};
TileCounts count_tiles(const CsrView&, Index rows);
TileCounts estimate_tiles(const CsrView&, Index rows);  ///< from four tiles
/// Microseconds of a run whose tiles take `cycles` each: no less than its code takes to arrive from L3.
double run_us(const Problem&, double cycles, Index bytes_per_nonzero);
Index tiles_of_rows(Index rows, Index most);
}  // namespace tulle::linear::generated
