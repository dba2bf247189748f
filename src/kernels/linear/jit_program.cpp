// Generated pieces of a product in one block of sealed memory, in the order of execution, and the loop that
// runs them.
#include <unistd.h>
#include <xmmintrin.h>

#include <algorithm>
#include <limits>

#include "kernels/linear/jit_piece.hpp"
#include "kernels/pointwise/kernel.hpp"

namespace tulle::linear::generated {
namespace {
using Function = void (*)(const float* b, float* c, const float* values, const float* r, std::uint64_t lanes,
                          const std::byte* prefetch);

constexpr Index kLine = 64;
constexpr std::uint32_t kAllLanes = 0xffff;
constexpr Index kLargestNnz = 30'000'000, kLargestBytes = Index{512} << 20, kLargestReach = Index{1} << 28;
constexpr Index kValueBytes = 4;

/// Bounds of what an emitter writes. A nonzero: value 4, multiplication 10 + 10, base 7, and at worst a
/// column's loads 20 + 7 and the sixth of a prefetch. A row: start 2 x 20, activation and mask 2 x 24, store
/// 2 x 11, scales of integers 51.
constexpr Index kMostBytesPerNonzero = 60, kMostBytesPerRow = 192, kMostBytesPerPiece = 512;

Index most_bytes(const Problem& p, Index rows, Index splits) {
  const Index tiles = tiles_of_rows(p.a.rows, rows);
  return p.a.nnz() * kMostBytesPerNonzero +
         splits * (p.a.rows * kMostBytesPerRow + tiles * kMostBytesPerPiece);
}

Index instruction_cache_bytes() {
  static const long bytes = sysconf(_SC_LEVEL1_ICACHE_SIZE);
  return bytes > 0 ? bytes : Index{32} << 10;
}

/// Blocks of columns. Two reasons to cut: a piece's code should stay in the L1 instruction cache while it
/// runs over the tiles (50 % zeros, 1024 x 1024: 176 GFLOP/s whole, 205 in 4 blocks), and so should its rows
/// of B in the data cache (1536 columns, 90 %: 113 and 123). The price is one load and store of C for each
/// block, so none is short.
Index choose_splits(const Problem& p, const Emitter& emitter, const TileCounts& n) {
  constexpr Index kColumns = 512, kShortestRow = 20;
  if (p.tiles < 2 || n.nonzeros == 0) return 1;
  if (emitter.product == Product::s8_u8_quads && p.residual)
    return 1;  // partial sums would overwrite an R in C
  const Index nonzeros = n.nonzeros / n.row_tiles, columns = n.columns / n.row_tiles;
  const Index code = std::max(Index{28} << 10, instruction_cache_bytes() / 2);
  const Index wanted =
      std::max(tiles_of_rows(nonzeros * emitter.bytes_per_nonzero, code), tiles_of_rows(columns, kColumns));
  return std::max<Index>(1, std::min(nonzeros / (emitter.rows * kShortestRow), wanted));
}

/// Row tiles that read the same rows of B take turns on each tile. In a depthwise convolution none do: there
/// one row tile after the other runs over all tiles, along a few planes (144 channels at 56 x 56: 230 us in
/// turns, 138 so).
bool share_rows_of_b(const CsrView& a, Index rows) {
  const auto share = [](const TileCounts& n) { return 2 * n.looked_columns >= 3 * n.distinct; };
  return share(estimate_tiles(a, rows)) || share(count_tiles(a, rows));
}

/// Rows of a row-major B, whose lines share few sets of the L1 cache, are copied to panels, unless enough
/// FMAs hide that each comes from the L2 cache for each row tile: copies lose at 50 % zeros and win at 90 %.
bool worth_copying(const Problem& p, const TileCounts& n, Index splits) {
  constexpr Index kHidden = 5;  // FMAs with a row of B
  const Index block_bytes = p.a.cols * p.b_ld * 4 / splits;
  return n.nonzeros < kHidden * n.columns || block_bytes > cpu_info().l2_bytes / 2;
}

/// Where a piece lies: code, then the values it streams, to `end`, in bytes from the start of the memory.
struct Placed {
  Index code, values, end;
  Index first_row, rows;
  Index prefetches;  ///< lines that the code fetches
};

/// Row tiles [first, last) of block `split` of the columns: their code stays in L1 while they run over the
/// tiles.
struct Group {
  Index split, first, last;
};

class Program final : public Prepared {
 public:
  Program(const Problem&, const Emitter&, const IntegerRows&);
  Index blocks() const override { return row_tiles_; }
  void run(std::span<const Tile> tiles, Index first, Index last, const float* b, float* c,
           const float* r) const noexcept override {
    run_chunks(tiles, first, last, {b, nullptr, c, r});
  }
  void run_row_major(std::span<const Tile> tiles, const float* b, float* panels, float* c,
                     const float* r) const noexcept override {
    run_chunks(tiles, 0, row_tiles_, {b, panels, c, r});
  }
  Index panel_floats(Index tiles) const override { return std::min(tiles, tiles_in_l2_) * panel_; }
  std::size_t bytes() const override { return memory_.size() + pieces_.size() * sizeof(Placed); }
  std::span<const std::byte> first_bytes() const override {
    return row_tiles_ ? bytes_of(group_from(0, 0, row_tiles_)) : std::span<const std::byte>{};
  }
  void follow_with(std::span<const std::byte> next) override { following_ = next; }

 private:
  struct Operands {
    const float* b;
    float* panels;  ///< for rows of a row-major B; or null
    float* c;
    const float* r;
  };
  void write(const Problem&, const Emitter&, const IntegerRows&, const TileCounts&);
  void keep_panels(Index rows);
  void write_piece(jit::Assembler&, const Piece&, const Emitter&);
  const Placed& piece(Index split, Index row_tile) const { return pieces_[split * row_tiles_ + row_tile]; }
  Group group_from(Index split, Index first, Index last) const;
  Group after(const Group&, Index first, Index last) const;
  std::span<const std::byte> bytes_of(const Group&) const;
  void run_chunks(std::span<const Tile>, Index first, Index last, const Operands&) const noexcept;
  void run_group(const Group&, std::span<const Tile>, std::span<const std::byte> next,
                 const Operands&) const noexcept;
  void bend(const Placed&, float* c, std::uint32_t lanes) const noexcept;

  Index row_tiles_ = 0, splits_ = 1;
  Index tiles_in_l2_ = std::numeric_limits<std::int32_t>::max(), code_in_l1_ = 0;  ///< of a chunk; of a group
  Index panel_ = 0;  ///< floats of a tile's rows of B, where they are copied: a line more than needed, or
                     ///< panels would share sets of the L1
  Index c_stride_, r_stride_;
  Activation activation_;
  bool mask_;
  pointwise::TileActivation curve_ = nullptr;  ///< for what the code does not do itself
  std::vector<Placed> pieces_;                 ///< [split][row tile], in the order of the memory
  jit::CodeMemory memory_;
  std::span<const std::byte> following_;
};

Features features(jit::Isa isa) {
  return isa == jit::Isa::avx512 ? Features::avx2 | Features::avx512 : Features::avx2;
}

Program::Program(const Problem& p, const Emitter& emitter, const IntegerRows& integers)
    : c_stride_(p.c_stride), r_stride_(p.r_stride), activation_(p.activation), mask_(p.mask) {
  const TileCounts n = estimate_tiles(p.a, emitter.rows);
  row_tiles_ = n.row_tiles;
  splits_ = choose_splits(p, emitter, n);
  if (share_rows_of_b(p.a, emitter.rows)) {
    code_in_l1_ = instruction_cache_bytes() * 7 / 8;
    tiles_in_l2_ = std::max<Index>(16, cpu_info().l2_bytes / std::max<Index>(1, p.a.cols * kLanes * 4));
  }
  if (activation_.kind > ActivationKind::leaky_relu)
    curve_ = pointwise::tile_activation(activation_.kind, features(emitter.isa));
  write(p, emitter, integers, n);
}

/// Those with ranks [first, last).
std::span<const Column> cut(const Columns& all, std::int32_t first, std::int32_t last) {
  const auto from = [&](std::int32_t rank) {
    return std::partition_point(all.columns.begin(), all.columns.end(),
                                [&](const Column& c) { return c.rank < rank; });
  };
  return {from(first), from(last)};
}

void Program::keep_panels(Index rows) {
  panel_ = (rows + 1) * kLanes;
  tiles_in_l2_ = std::max<Index>(4, cpu_info().l2_bytes / 4 / (panel_ * 4));
}

void Program::write(const Problem& p, const Emitter& emitter, const IntegerRows& integers,
                    const TileCounts& n) {
  jit::Assembler to(emitter.isa, static_cast<std::size_t>(most_bytes(p, emitter.rows, splits_)));
  const std::vector<std::int32_t> ranks = rank_columns(p.b_offsets);
  const auto first_row = [&](Index t) { return p.a.rows * t / row_tiles_; };
  std::vector<Columns> tiles;
  for (Index t = 0; t < row_tiles_; ++t)
    tiles.push_back(collect_columns(p, ranks, first_row(t), first_row(t + 1) - first_row(t)));
  const std::vector<std::int32_t> blocks = cut_columns(tiles, p.a.cols, splits_);
  if (p.b_ld != 0) keep_panels(place_in_panels(tiles, blocks, p.b_ld, worth_copying(p, n, splits_)));
  const Index tiles_together = std::clamp<Index>(p.tiles, 1, tiles_in_l2_);
  for (Index s = 0; s < splits_; ++s)
    for (Index t = 0; t < row_tiles_; ++t) {
      Piece piece{.problem = p,
                  .first_row = first_row(t),
                  .rows = first_row(t + 1) - first_row(t),
                  .first = s == 0,
                  .last = s == splits_ - 1,
                  .all = tiles[t],
                  .columns = cut(tiles[t], blocks[s], blocks[s + 1]),
                  .prefetches = 0,
                  .product = emitter.product,
                  .integers = integers};
      const Index bytes = piece.nonzeros() * (emitter.bytes_per_nonzero + kValueBytes + 1);
      piece.prefetches = bytes / kLine / tiles_together + 1;
      write_piece(to, piece, emitter);
    }
  memory_ = to.finish();
}

void Program::write_piece(jit::Assembler& to, const Piece& piece, const Emitter& emitter) {
  Placed placed{.first_row = piece.first_row, .rows = piece.rows};
  to.align(kLine);
  placed.code = static_cast<Index>(to.size());
  const Emitted emitted = emitter.emit(to, piece);
  placed.prefetches = emitted.prefetches;
  to.align(kLine);
  placed.values = static_cast<Index>(to.size());
  to.data(emitted.values);
  placed.end = static_cast<Index>(to.size());
  pieces_.push_back(placed);
}

Group Program::group_from(Index split, Index first, Index last) const {
  Group g{split, first, first + 1};
  while (g.last < last && piece(split, g.last).end - piece(split, first).code <= code_in_l1_) ++g.last;
  return g;
}

/// The group to run after g on row tiles [first, last); its split is splits_ if there is none.
Group Program::after(const Group& g, Index first, Index last) const {
  if (g.last < last) return group_from(g.split, g.last, last);
  return g.split + 1 < splits_ ? group_from(g.split + 1, first, last) : Group{splits_, first, first};
}

std::span<const std::byte> Program::bytes_of(const Group& g) const {
  const Index from = piece(g.split, g.first).code, to = piece(g.split, g.last - 1).end;
  return {memory_.data() + from, static_cast<std::size_t>(to - from)};
}

void Program::run_chunks(std::span<const Tile> tiles, Index first, Index last,
                         const Operands& o) const noexcept {
  if (first >= last) return;
  const Index chunks = tiles_of_rows(std::ssize(tiles), tiles_in_l2_);
  const Group start = group_from(0, first, last);
  for (Index k = 0; k < chunks; ++k) {
    const Index from = std::ssize(tiles) * k / chunks, to = std::ssize(tiles) * (k + 1) / chunks;
    const auto chunk = tiles.subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from));
    for (Group g = start; g.split < splits_;) {
      const Group next = after(g, first, last);
      const auto at_end = k + 1 < chunks ? bytes_of(start) : following_;
      run_group(g, chunk, next.split < splits_ ? bytes_of(next) : at_end, o);
      g = next;
    }
  }
}

/// Each call brings its slice of the next group's bytes to L2: in its code, and here what the code has no
/// room for.
void Program::run_group(const Group& g, std::span<const Tile> tiles, std::span<const std::byte> next,
                        const Operands& o) const noexcept {
  const Index calls = std::ssize(tiles) * (g.last - g.first);
  const Index slice = next.empty() ? 0 : (std::ssize(next) / calls + kLine) / kLine * kLine;
  const std::byte* ahead = next.empty() ? memory_.data() : next.data();
  float* panel = o.panels;
  for (const Tile& tile : tiles) {
    const float* const b = o.b + tile.b;
    for (Index t = g.first; t < g.last; ++t) {
      const Placed& at = piece(g.split, t);
      for (Index line = at.prefetches * kLine; line < slice; line += kLine)
        _mm_prefetch(reinterpret_cast<const char*>(ahead + line), _MM_HINT_T1);
      const auto function = reinterpret_cast<Function>(memory_.data() + at.code);
      float* out = o.c + tile.c + at.first_row * c_stride_;
      function(panel ? panel : b, out, reinterpret_cast<const float*>(memory_.data() + at.values),
               o.r ? o.r + tile.r + at.first_row * r_stride_ : nullptr,
               panel ? reinterpret_cast<std::uintptr_t>(b) : tile.lanes, ahead);
      if (curve_ && g.split == splits_ - 1) bend(at, out, tile.lanes);
      ahead += slice;
    }
    if (panel) panel += panel_;
  }
}

/// The activation of a tile just stored, still in L1: measured as fast as a routine on the registers.
void Program::bend(const Placed& at, float* c, std::uint32_t lanes) const noexcept {
  curve_(activation_, c, c_stride_, at.rows);
  const bool moves_zero =
      activation_.kind == ActivationKind::sigmoid || activation_.kind == ActivationKind::hard_sigmoid;
  if (!mask_ || !moves_zero || lanes == kAllLanes) return;
  for (Index i = 0; i < at.rows; ++i)
    for (Index lane = 0; lane < kLanes; ++lane)
      if (!(lanes >> lane & 1)) c[i * c_stride_ + lane] = 0;
}
}  // namespace

std::optional<std::string> refuse_program(const Problem& p, const Emitter& emitter) {
  const auto number = [](Index n) { return std::to_string(n); };
  if (p.a.nnz() > kLargestNnz) return number(p.a.nnz()) + " nonzeros are more than " + number(kLargestNnz);
  const Index bytes = p.a.nnz() * (emitter.bytes_per_nonzero + kValueBytes) + p.a.rows * kMostBytesPerRow;
  if (bytes > kLargestBytes)
    return "about " + number(bytes) + " bytes of code are more than " + number(kLargestBytes);
  const Index stride = std::max(std::abs(p.c_stride), std::abs(p.r_stride));
  if (stride * emitter.rows > kLargestReach)
    return "rows of C or R lie " + number(stride) + " floats apart, more than " +
           number(kLargestReach / emitter.rows);
  for (std::int32_t offset : p.b_offsets)
    if (std::abs(Index{offset}) > kLargestReach)
      return "a row of B lies " + number(offset) + " floats from its tile, more than " +
             number(kLargestReach);
  return jit::refuse_executable_memory();
}

std::unique_ptr<Prepared> make_program(const Problem& p, const Emitter& emitter,
                                       const IntegerRows& integers) {
  return std::make_unique<Program>(p, emitter, integers);
}
}  // namespace tulle::linear::generated
