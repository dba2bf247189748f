#pragma once
#include "kernels/linear/kernel.hpp"
#include "kernels/panels/kernel.hpp"
#include "library/product.hpp"

namespace tulle::library {
/// How the tiles of a task find B and C: where they lie, or in panels that are copied to and from scratch.
struct TilePlan {
  explicit TilePlan(const Task&);

  Index tiles;  ///< of 16 columns
  bool b_packed, c_packed;
  bool overlap;              ///< the last tile is C's last 16 columns, so that it is whole
  Index b_stride, c_stride;  ///< floats from a row of a tile to the next, of B and of C
  Index b_panel,
      c_panel;       ///< of the packed ones; a line more than needed, or panels would share sets of the L1
  bool b_rows;       ///< row_major kernels (linear::Problem::b_ld) find B's where they lie
  Index chunk;       ///< tiles that are copied and multiplied together, in the L2 cache
  bool share_tiles;  ///< threads take tiles; false: rows, each in turn of all tiles
};

/// A kernel of the linear family on a task.
class Tiles final : public Product {
 public:
  /// b_taken: the kernel was prepared to read a row-major B where it lies.
  Tiles(const Task&, const TilePlan&, std::unique_ptr<const linear::Prepared>, bool b_taken);
  void run(const Operands&, float* scratch) const noexcept override;
  Index scratch_floats() const override;
  std::size_t bytes() const override { return prepared_->bytes(); }

 private:
  struct Range {
    Index first, last;
  };
  struct Scratch {
    linear::Tile* tiles;
    float *b, *c;
  };
  static Index list_floats(Index tiles);
  Index panel_floats(Index tiles) const;
  Index scratch_of(Index tiles) const { return list_floats(tiles) + panel_floats(tiles); }
  Scratch place(float* scratch, Index tiles) const;
  Index column(Index tile) const {
    return plan_.overlap && tile == plan_.tiles - 1 ? n_ - kLanes : tile * kLanes;
  }
  Range columns(Range tiles) const { return {tiles.first * kLanes, std::min(n_, tiles.last * kLanes)}; }
  void pack(DenseOrder, const float* src, Index ld, Index rows, Range tiles, float* dst,
            Index panel) const noexcept;
  void unpack(Range tiles, const float* src, float* dst) const noexcept;
  void load(Range tiles, const Operands&, const Scratch&) const noexcept;
  void multiply(Range tiles, Range blocks, const Operands&, const Scratch&) const noexcept;
  void run_chunks(Range tiles, const Operands&, float* scratch) const noexcept;
  void run_in_place(Range tiles, const Operands&, float* scratch) const noexcept;
  void run_rows(const Operands&, float* scratch) const noexcept;
  Index thread_floats() const;

  TilePlan plan_;
  std::unique_ptr<const linear::Prepared> prepared_;
  const panels::Kernel& copies_;
  Index rows_, cols_, n_, ldb_, ldc_;
  DenseOrder b_order_, c_order_;
  bool residual_, b_taken_;
  int threads_;
};
}  // namespace tulle::library
