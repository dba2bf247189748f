#pragma once
#include <vector>

#include "jit/assembler.hpp"
#include "kernels/linear/jit_columns.hpp"

namespace tulle::linear::generated {
/// What one generated function computes: some rows of C on one tile, over one block of the columns of A.
///   void f(const float* b, float* c, const float* values, const float* r, uint64 lanes, const byte*
///   prefetch)
/// c and r point at the first of the rows; `values` is the stream that the emitter filled.
struct Piece {
  const Problem& problem;
  Index first_row, rows;
  bool first, last;  ///< block of columns: the first starts from bias and residual, the others from C
  const Columns& all;
  std::span<const Column> columns;
  Index prefetches;  ///< lines behind `prefetch` that the code should bring to L2, evenly spread; at most one
                     ///< in six nonzeros
  Index nonzeros() const;
};

/// The arguments' registers.
constexpr jit::Gpr kB = jit::Gpr::rdi, kC = jit::Gpr::rsi, kValues = jit::Gpr::rdx, kResidual = jit::Gpr::rcx,
                   kLaneBits = jit::Gpr::r8, kPrefetch = jit::Gpr::r9;

/// An instruction set's way to write pieces.
struct Emitter {
  jit::Isa isa;
  Index rows;  ///< at most, of a piece
  /// Writes the function, appends its values to the stream, returns the prefetches written.
  Index (*emit)(jit::Assembler&, const Piece&, std::vector<float>& stream);
};

/// Prefetches evenly spread over a piece's code.
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

/// Reaches `bytes` with a short displacement, moving the cursor if enough of the columns from `column` on
/// gain by it.
jit::Mem reach(jit::Cursor&, Index bytes, std::span<const Column> column_on);

std::optional<std::string> refuse_program(const Problem&, const Emitter&);
std::unique_ptr<Prepared> make_program(const Problem&, const Emitter&);

/// Nonzeros, columns with a nonzero and with one only, summed over the tiles of `rows` rows: what costs are
/// made of.
struct TileCounts {
  Index row_tiles = 0, nonzeros = 0, columns = 0, lone = 0;
};
TileCounts count_tiles(const CsrView&, Index rows);
}  // namespace tulle::linear::generated
