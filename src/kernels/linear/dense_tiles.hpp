#pragma once
#include <vector>

#include "kernels/linear/epilogue.hpp"

namespace tulle::linear {
/// Consecutive rows of A with the columns that any of them uses. values: columns x rows, as the loop reads
/// them.
struct DenseTile {
  Index row;
  int rows;
  Index columns;
  const std::int32_t* offsets;  ///< of the columns in B
  const float* values;
};

/// A cut into tiles of nearly equal height, at most max_rows.
class DenseTiles {
 public:
  DenseTiles(const Problem&, int max_rows);
  const std::vector<DenseTile>& tiles() const { return tiles_; }
  std::size_t bytes() const;
  std::span<const std::byte> first_bytes() const;
  /// How many tiles of B fit the share of the L2 cache that B gets.
  Index chunk() const { return chunk_; }

 private:
  std::vector<DenseTile> tiles_;
  Buffer<std::int32_t> offsets_;
  Buffer<float> values_;
  Index chunk_ = 1;
};

/// Rows of A in each of the fewest tiles of at most max_rows: [first, last) of tile t of count.
inline Index dense_tile_count(Index rows, int max_rows) {
  return (rows + max_rows - 1) / max_rows;
}

/// One run in microseconds at 3.6 GHz; cycles_per_tile: of the FMAs of a row and column of A with a tile.
double dense_cost_us(const Problem&, int max_rows, double cycles_per_tile);
}  // namespace tulle::linear
