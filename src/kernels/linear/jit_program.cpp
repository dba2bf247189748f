#include "kernels/linear/jit_program.hpp"

#include <unistd.h>
#include <xmmintrin.h>

#include <algorithm>

#include "kernels/pointwise/kernel.hpp"

namespace tulle::linear::generated {
namespace {
using Function = void (*)(const float* b, float* c, const float* values, const float* r, std::uint64_t lanes,
                          const std::byte* prefetch);

constexpr Index kLine = 64;
constexpr std::uint32_t kAllLanes = 0xffff;
constexpr Index kLargestNnz = 30'000'000, kLargestBytes = Index{512} << 20, kLargestReach = Index{1} << 28;
constexpr Index kNonzerosPerPrefetch = 6;
constexpr Index kBytesPerNonzero = 13;  // of code and values, usually
// At most: value 4, FMA 10 + base 7; for a column of its own another load 10 + base 7; a prefetch 5 + base 7
// for six.
constexpr Index kMostBytesPerNonzero = 40;
// Bias 7 + 4, residual 11 or C 11, activation 20, mask 6, store 11.
constexpr Index kMostBytesPerRow = 80, kMostBytesPerPiece = 512;

Index tiles_of_rows(Index rows, Index most) {
  return (rows + most - 1) / most;
}

Index most_bytes(const Problem& p, Index rows, Index splits) {
  const Index tiles = tiles_of_rows(p.a.rows, rows);
  return p.a.nnz() * kMostBytesPerNonzero +
         splits * (p.a.rows * kMostBytesPerRow + tiles * kMostBytesPerPiece);
}

std::string number(Index n) {
  return std::to_string(n);
}

/// Where a generated piece lies: code, then the values it streams, to `end`, all in the sealed memory.
struct Placed {
  Index code, values, end;
  Index first_row, rows;
  Index prefetches;  ///< lines that the code fetches
};

/// Row tiles [first, last) of block `split` of the columns; their code stays in the L1 instruction cache
/// together.
struct Group {
  Index split, first, last;
};

class Program final : public Prepared {
 public:
  Program(const Problem&, const Emitter&);
  Index blocks() const override { return row_tiles_; }
  void run(std::span<const Tile>, Index first, Index last, const float* b, float* c,
           const float* r) const noexcept override;
  std::size_t bytes() const override { return memory_.size() + pieces_.size() * sizeof(Placed); }
  std::span<const std::byte> first_bytes() const override {
    return row_tiles_ ? bytes_of(group_from(0, 0, row_tiles_)) : std::span<const std::byte>{};
  }
  void follow_with(std::span<const std::byte> next) override { following_ = next; }

 private:
  void write(const Problem&, const Emitter&);
  Placed write_piece(jit::Assembler&, const Piece&, const Emitter&) const;
  const Placed& piece(Index split, Index row_tile) const { return pieces_[split * row_tiles_ + row_tile]; }
  Group group_from(Index split, Index first, Index last) const;
  std::span<const std::byte> bytes_of(const Group&) const;
  void bend(const Placed&, float* c, std::uint32_t lanes) const noexcept;
  void run_group(const Group&, std::span<const Tile>, std::span<const std::byte> next, const float* b,
                 float* c, const float* r) const noexcept;

  Index row_tiles_, splits_ = 1, tiles_in_l2_, code_in_l1_;
  Index c_stride_, r_stride_;
  Activation activation_;
  bool mask_;
  pointwise::TileActivation curve_ = nullptr;  ///< for what the code does not do itself
  std::vector<Placed> pieces_;                 ///< [split][row tile], in the order of the memory
  jit::CodeMemory memory_;
  std::span<const std::byte> following_;
};

Index instruction_cache_bytes() {
  const long bytes = sysconf(_SC_LEVEL1_ICACHE_SIZE);
  return bytes > 0 ? bytes : Index{32} << 10;
}

Features features(jit::Isa isa) {
  return isa == jit::Isa::avx512 ? Features::avx2 | Features::avx512 : Features::avx2;
}

Program::Program(const Problem& p, const Emitter& emitter)
    : row_tiles_(tiles_of_rows(p.a.rows, emitter.rows)),
      tiles_in_l2_(std::max<Index>(4, cpu_info().l2_bytes / 2 / std::max<Index>(1, p.a.cols * kLanes * 4))),
      code_in_l1_(instruction_cache_bytes() * 7 / 8),
      c_stride_(p.c_stride),
      r_stride_(p.r_stride),
      activation_(p.activation),
      mask_(p.mask) {
  if (activation_.kind > ActivationKind::leaky_relu)
    curve_ = pointwise::tile_activation(activation_.kind, features(emitter.isa));
  write(p, emitter);
}

void Program::write(const Problem& p, const Emitter& emitter) {
  jit::Assembler to(emitter.isa, static_cast<std::size_t>(most_bytes(p, emitter.rows, splits_)));
  const std::vector<std::int32_t> ranks = rank_columns(p.b_offsets);
  std::vector<Columns> rows;
  for (Index t = 0; t < row_tiles_; ++t) {
    const Index first = p.a.rows * t / row_tiles_, last = p.a.rows * (t + 1) / row_tiles_;
    rows.push_back(collect_columns(p, ranks, first, last - first));
  }
  for (Index s = 0; s < splits_; ++s)
    for (Index t = 0; t < row_tiles_; ++t) {
      const Columns& all = rows[t];
      const auto from = [&](Index split) {
        const Index rank = p.a.cols * split / splits_;
        return std::partition_point(all.columns.begin(), all.columns.end(),
                                    [&](const Column& c) { return c.rank < rank; });
      };
      const Index first = p.a.rows * t / row_tiles_, last = p.a.rows * (t + 1) / row_tiles_;
      Piece piece{p, first, last - first, s == 0, s == splits_ - 1, all, {from(s), from(s + 1)}, 0};
      const Index bytes = piece.nonzeros() * kBytesPerNonzero;
      piece.prefetches = bytes / kLine / std::max<Index>(1, p.tiles) + 1;
      pieces_.push_back(write_piece(to, piece, emitter));
    }
  memory_ = to.finish();
}

Placed Program::write_piece(jit::Assembler& to, const Piece& piece, const Emitter& emitter) const {
  Placed placed{};
  std::vector<float> stream;
  to.align(kLine);
  placed.code = static_cast<Index>(to.size());
  placed.prefetches = emitter.emit(to, piece, stream);
  to.align(kLine);
  placed.values = static_cast<Index>(to.size());
  to.data(stream);
  placed.end = static_cast<Index>(to.size());
  placed.first_row = piece.first_row;
  placed.rows = piece.rows;
  return placed;
}

Group Program::group_from(Index split, Index first, Index last) const {
  Group g{split, first, first + 1};
  while (g.last < last && piece(split, g.last).end - piece(split, first).code <= code_in_l1_) ++g.last;
  return g;
}

std::span<const std::byte> Program::bytes_of(const Group& g) const {
  const Index from = piece(g.split, g.first).code, to = piece(g.split, g.last - 1).end;
  return {memory_.data() + from, static_cast<std::size_t>(to - from)};
}

void Program::run(std::span<const Tile> tiles, Index first, Index last, const float* b, float* c,
                  const float* r) const noexcept {
  if (first >= last) return;
  while (!tiles.empty()) {
    const auto chunk = tiles.first(std::min(tiles.size(), static_cast<std::size_t>(tiles_in_l2_)));
    tiles = tiles.subspan(chunk.size());
    for (Group g = group_from(0, first, last); g.split < splits_;) {
      Group next = g.last < last ? group_from(g.split, g.last, last) : Group{g.split + 1, first, first};
      if (next.first == next.last && next.split < splits_) next = group_from(next.split, first, last);
      std::span<const std::byte> ahead;
      if (next.split < splits_)
        ahead = bytes_of(next);
      else
        ahead = tiles.empty() ? following_ : bytes_of(group_from(0, first, last));
      run_group(g, chunk, ahead, b, c, r);
      g = next;
    }
  }
}

/// The activation of a tile just stored, still in L1: as fast as on the registers (a routine shared by all
/// tiles).
void Program::bend(const Placed& at, float* c, std::uint32_t lanes) const noexcept {
  curve_(activation_, c, c_stride_, at.rows);
  const bool moves_zero =
      activation_.kind == ActivationKind::sigmoid || activation_.kind == ActivationKind::hard_sigmoid;
  if (!mask_ || !moves_zero || lanes == kAllLanes) return;
  for (Index i = 0; i < at.rows; ++i)
    for (Index lane = 0; lane < kLanes; ++lane)
      if (!(lanes >> lane & 1)) c[i * c_stride_ + lane] = 0;
}

void Program::run_group(const Group& g, std::span<const Tile> tiles, std::span<const std::byte> next,
                        const float* b, float* c, const float* r) const noexcept {
  const Index calls = static_cast<Index>(tiles.size()) * (g.last - g.first);
  const Index slice = (static_cast<Index>(next.size()) / calls + kLine) / kLine * kLine;
  const std::byte* ahead = next.data() ? next.data() : memory_.data();
  for (const Tile& tile : tiles)
    for (Index t = g.first; t < g.last; ++t) {
      const Placed& at = piece(g.split, t);
      if (!next.empty())
        for (Index line = at.prefetches * kLine; line < slice; line += kLine)
          _mm_prefetch(reinterpret_cast<const char*>(ahead + line), _MM_HINT_T1);
      const auto function = reinterpret_cast<Function>(memory_.data() + at.code);
      float* out = c + tile.c + at.first_row * c_stride_;
      function(b + tile.b, out, reinterpret_cast<const float*>(memory_.data() + at.values),
               r ? r + tile.r + at.first_row * r_stride_ : nullptr, tile.lanes, ahead);
      if (curve_ && g.split == splits_ - 1) bend(at, out, tile.lanes);
      ahead += next.empty() ? 0 : slice;
    }
}
}  // namespace

Index Piece::nonzeros() const {
  if (columns.empty()) return 0;
  return columns.back().first + columns.back().count - columns.front().first;
}

SpreadPrefetch::SpreadPrefetch(jit::Assembler& to, const Piece& piece)
    : to_(to),
      lines_(to, kPrefetch, 1),
      wanted_(piece.prefetches),
      every_(std::max(kNonzerosPerPrefetch, piece.nonzeros() / std::max<Index>(1, piece.prefetches))) {}

void SpreadPrefetch::after(Index nonzeros) {
  since_ += nonzeros;
  if (since_ < every_ || written_ == wanted_) return;
  since_ = 0;
  const Index bytes = kLine * written_++;
  if (!lines_.reaches(bytes)) lines_.move_before(bytes);
  to_.prefetch_l2(lines_.at(bytes));
}

jit::Mem reach(jit::Cursor& b, Index bytes, std::span<const Column> column_on) {
  constexpr std::size_t kWorthMoving = 3;  // columns that save 3 bytes each, against the 7 of an addition
  if (b.reaches(bytes)) return b.at(bytes);
  std::size_t gain = 0;
  while (gain < std::min(kWorthMoving, column_on.size())) {
    const Index ahead = column_on[gain].b_bytes - bytes;
    if (ahead % kLine != 0 || ahead < 0 || ahead > 255 * kLine) break;
    ++gain;
  }
  if (gain == kWorthMoving) b.move_before(bytes);
  return b.at(bytes);
}

std::optional<std::string> refuse_program(const Problem& p, const Emitter& emitter) {
  if (p.a.nnz() > kLargestNnz) return number(p.a.nnz()) + " nonzeros are more than " + number(kLargestNnz);
  const Index bytes = most_bytes(p, emitter.rows, 1);
  if (bytes > 4 * kLargestBytes)
    return "up to " + number(bytes) + " bytes of code are more than " + number(4 * kLargestBytes);
  const Index stride = std::max(std::abs(p.c_stride), std::abs(p.r_stride)) * emitter.rows;
  if (stride > kLargestReach)
    return "rows of C lie " + number(p.c_stride) + " floats apart, too far for displacements";
  for (std::int32_t offset : p.b_offsets)
    if (std::abs(Index{offset}) > kLargestReach)
      return "a row of B lies " + number(offset) + " floats from its tile, more than " +
             number(kLargestReach);
  return jit::refuse_executable_memory();
}

std::unique_ptr<Prepared> make_program(const Problem& p, const Emitter& emitter) {
  return std::make_unique<Program>(p, emitter);
}

TileCounts count_tiles(const CsrView& a, Index rows) {
  TileCounts n;
  n.row_tiles = tiles_of_rows(a.rows, rows);
  n.nonzeros = a.nnz();
  std::vector<std::uint32_t> last_tile(static_cast<std::size_t>(a.cols), 0), used(last_tile);
  for (Index t = 0; t < n.row_tiles; ++t)
    for (Index e = a.offsets[a.rows * t / n.row_tiles]; e < a.offsets[a.rows * (t + 1) / n.row_tiles]; ++e) {
      const auto column = static_cast<std::size_t>(a.columns[e]);
      if (last_tile[column] != t + 1) {
        last_tile[column] = static_cast<std::uint32_t>(t + 1);
        used[column] = 0;
        ++n.columns;
      }
      if (++used[column] == 1) ++n.lone;
      if (used[column] == 2) --n.lone;
    }
  return n;
}
}  // namespace tulle::linear::generated
