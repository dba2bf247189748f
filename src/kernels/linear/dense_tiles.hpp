#pragma once
#include <vector>

#include "kernels/linear/epilogue.hpp"

namespace tulle::linear {
/// Consecutive rows of A with the columns that any of them uses. values: columns x stride, as the loop reads
/// them; those behind `rows` are zeros.
struct DenseTile {
  Index row;
  int rows, stride;
  Index columns;
  const std::int32_t* offsets;  ///< of the columns in B
  const float* values;
};

/// A cut into tiles of nearly equal height, at most max_rows, at multiples of `unit` rows; strides are such
/// multiples too, and so must max_rows be.
class DenseTiles {
 public:
  DenseTiles(const Problem&, int max_rows, int unit = 1);
  const std::vector<DenseTile>& tiles() const { return tiles_; }
  std::size_t bytes() const;
  std::span<const std::byte> first_bytes() const;
  /// How many tiles of B pass over the rows of A together: two while A stays in the L2 cache, so that C and R
  /// are walked in order (1.05 to 1.12 times as fast, 64 -> 256 channels of 56 x 56, Xeon 2026); else as many
  /// as fit the share of the cache that B gets.
  Index chunk() const { return chunk_; }

 private:
  std::vector<DenseTile> tiles_;
  Buffer<std::int32_t> offsets_;
  Buffer<float> values_;
  Index chunk_ = 1;
};

/// One run in microseconds at 3.6 GHz; cycles_per_tile: of the FMAs of a row and column of A with a tile.
double dense_cost_us(const Problem&, int max_rows, double cycles_per_tile);

/// The same for rows of A in lanes, and only lanes of B that are real columns.
double channels_cost_us(const Problem&, int max_rows, double cycles_per_tile);
/// Why that would not be worth it: most lanes are real, or so few that sums would wait for themselves.
std::optional<std::string> refuse_channels(const Problem&);
}  // namespace tulle::linear
