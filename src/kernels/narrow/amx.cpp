// Tiles of Intel's matrix extension: 32 x 32 of C in four tile registers, 16 rows x 64 bytes of A by 16 rows
// of words x 16 columns of B, which is just how B's panels lie. Empty tiles of A are not there: blocks of 16
// x 32 bf16 or 16 x 64 bytes are what sparsity must be made of. The dense kernel is the same with all of
// them.
#include <algorithm>

#include "kernels/linear/epilogue.hpp"
#include "kernels/narrow/amx_tiles.hpp"
#include "kernels/simd/amx.hpp"
#include "kernels/simd/avx512.hpp"

namespace tulle::narrow {
namespace {
#include "kernels/narrow/finish_avx512.inc"
#define TULLE_TILES inline __attribute__((always_inline)) TULLE_AMX

constexpr Index kTileBytes = 64;  // from row to row of a packed tile, of B's panels and of scratch

constexpr TileShapes kShapes;

// The compiler's macros name registers by literals and tell nobody which memory they read.
#define TULLE_DOT(c, a, b)     \
  do {                         \
    if constexpr (kIntegers)   \
      _tile_dpbsud(c, a, b);   \
    else                       \
      _tile_dpbf16ps(c, a, b); \
  } while (0)

/// Sums of one pair of row tiles and Columns (1 or 2) tiles of columns: registers 0 and 1 the upper row tile,
/// 2 and 3 the lower; A in 4 and 5, B in 6 and 7.
template <bool kIntegers, int Columns>
TULLE_TILES void sum_tiles(const AmxTiles& a, const TileRows& pair, const float* b0, const float* b1) {
  const std::int32_t* word = a.words.data() + pair.first_entry;
  const float* tile = a.tiles.data() + pair.first_tile * kTileFloats;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (std::int32_t e = 0; e < pair.counts[0]; ++e, ++word, tile += 2 * kTileFloats) {
    _tile_loadd(6, b0 + *word * kLanes, kTileBytes);
    _tile_loadd(4, tile, kTileBytes);
    TULLE_DOT(0, 4, 6);
    _tile_loadd(5, tile + kTileFloats, kTileBytes);
    TULLE_DOT(2, 5, 6);
    if constexpr (Columns == 2) {
      _tile_loadd(7, b1 + *word * kLanes, kTileBytes);
      TULLE_DOT(1, 4, 7);
      TULLE_DOT(3, 5, 7);
    }
  }
  for (std::int32_t e = 0; e < pair.counts[1]; ++e, ++word, tile += kTileFloats) {
    _tile_loadd(4, tile, kTileBytes);
    _tile_loadd(6, b0 + *word * kLanes, kTileBytes);
    TULLE_DOT(0, 4, 6);
    if constexpr (Columns == 2) {
      _tile_loadd(7, b1 + *word * kLanes, kTileBytes);
      TULLE_DOT(1, 4, 7);
    }
  }
  for (std::int32_t e = 0; e < pair.counts[2]; ++e, ++word, tile += kTileFloats) {
    _tile_loadd(5, tile, kTileBytes);
    _tile_loadd(6, b0 + *word * kLanes, kTileBytes);
    TULLE_DOT(2, 5, 6);
    if constexpr (Columns == 2) {
      _tile_loadd(7, b1 + *word * kLanes, kTileBytes);
      TULLE_DOT(3, 5, 7);
    }
  }
}

/// Register (2 Row + Column) to C, or through scratch where more is to be done or rows are missing.
#define TULLE_STORE(reg, at, first, count, tile)                                          \
  do {                                                                                    \
    if ((count) == kTileRows && f.plain) {                                                \
      _tile_stored(reg, (tile).c + (first)*f.epilogue.c_stride, f.epilogue.c_stride * 4); \
    } else if ((count) > 0) {                                                             \
      _tile_stored(reg, scratch + (at)*kTileFloats, kTileBytes);                          \
    }                                                                                     \
  } while (0)

template <bool kIntegers, int Columns>
TULLE_AMX void times(const AmxTiles& a, const TileRows& pair, const Finish& f, Index all_rows,
                     const TilePointers* tiles) {
  alignas(64) float scratch[4 * kTileFloats];
  sum_tiles<kIntegers, Columns>(a, pair, tiles[0].b, tiles[Columns - 1].b);
  const Index rows[2] = {std::min(kTileRows, all_rows - pair.row),
                         std::clamp<Index>(all_rows - pair.row - kTileRows, 0, kTileRows)};
  const Index lower = pair.row + kTileRows;
  TULLE_STORE(0, 0, pair.row, rows[0], tiles[0]);
  TULLE_STORE(2, 2, lower, rows[1], tiles[0]);
  if constexpr (Columns == 2) {
    TULLE_STORE(1, 1, pair.row, rows[0], tiles[1]);
    TULLE_STORE(3, 3, lower, rows[1], tiles[1]);
  }
  for (int half = 0; half < 2; ++half) {
    if (rows[half] == 0 || (rows[half] == kTileRows && f.plain)) continue;
    for (int t = 0; t < Columns; ++t)
      finish_rows(f, tiles[t], pair.row + half * kTileRows, rows[half],
                  scratch + (2 * half + t) * kTileFloats);
  }
}

template <bool kIntegers>
class Weight final : public Prepared {
 public:
  Weight(const Problem& p, bool keep_empty) : Weight(p, OnWords(p), keep_empty) {}
  Index blocks() const override { return std::ssize(a_.rows); }
  std::size_t bytes() const override { return a_.bytes(); }
  std::span<const std::byte> first_bytes() const override { return std::as_bytes(a_.tiles.span()); }

  TULLE_AMX void run(std::span<const Tile> tiles, Index first, Index last, const float* b, float* c,
                     const float* r) const noexcept override {
    _tile_loadconfig(&kShapes);
    for (Index from = first; from < last; from += group_)
      for (std::size_t t = 0; t < tiles.size(); t += 2) {
        const bool two = t + 1 < tiles.size();
        const TilePointers at[2] = {linear::at(tiles[t], b, c, r), linear::at(tiles[t + two], b, c, r)};
        for (Index i = from; i < std::min(last, from + group_); ++i) {
          const TileRows& pair = a_.rows[static_cast<std::size_t>(i)];
          if (two)
            times<kIntegers, 2>(a_, pair, finish_, rows_, at);
          else
            times<kIntegers, 1>(a_, pair, finish_, rows_, at);
        }
      }
    _tile_release();
  }

 private:
  Weight(const Problem& p, const OnWords& on, bool keep_empty)
      : a_(on, keep_empty), finish_(p, on.problem), rows_(p.a.rows) {
    const Index bytes = static_cast<Index>(a_.tiles.size() * sizeof(float)) / std::max<Index>(1, blocks());
    group_ = std::max<Index>(1, cpu_info().l2_bytes / 2 / std::max<Index>(1, bytes));
  }
  AmxTiles a_;
  Finish finish_;
  Index rows_;
  Index group_;  ///< pairs of row tiles whose tiles of A stay in L2 while columns pass
};

template <bool keep_empty>
double cost_us(const Problem& p) {
  return tiles_cost_us(p, keep_empty);
}
template <bool kIntegers, bool keep_empty>
std::unique_ptr<Prepared> prepare(const Problem& p) {
  return std::make_unique<Weight<kIntegers>>(p, keep_empty);
}
constexpr Features kNeeds = kIsa | Features::amx;
}  // namespace

extern constinit const Kernel amx_blocks_bf16{
    "narrow/amx/blocks/bf16", DType::bf16,           kNeeds, true, refuse_tiles,
    cost_us<false>,           prepare<false, false>, false,  true};
extern constinit const Kernel amx_dense_bf16{
    "narrow/amx/dense/bf16", DType::bf16,          kNeeds, false, refuse_tiles,
    cost_us<true>,           prepare<false, true>, false,  true};
extern constinit const Kernel amx_blocks_i8{
    "narrow/amx/blocks/i8", DType::i8, kNeeds, true, refuse_tiles, cost_us<false>, prepare<true, false>};
extern constinit const Kernel amx_dense_i8{
    "narrow/amx/dense/i8", DType::i8, kNeeds, false, refuse_tiles, cost_us<true>, prepare<true, true>};
}  // namespace tulle::narrow
