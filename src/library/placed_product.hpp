#pragma once
#include <optional>
#include <vector>

#include "kernels/linear/kernel.hpp"

namespace tulle::library {
/// A product with a constant weight on panels or planes: what a linear layer and a convolution come down to.
struct PlacedProduct {
  Csr weight;                           ///< rows: output features; cols: what b_offsets lists
  std::vector<std::int32_t> b_offsets;  ///< floats from a tile of B to each "row of B"
  std::span<const float> bias;
  Activation activation;
  Layout in, out;
  std::optional<Layout> residual;
  Index phases = 1;   ///< features of `in` and `out` that lie apart as columns do
  Index weights = 0;  ///< entries that the weight could have, zeros included
};

/// The tiles of C with where they and their inputs lie, for all groups.
std::vector<linear::Tile> product_tiles(const PlacedProduct&);
linear::Problem problem_of(const PlacedProduct&, Index tiles);

/// A run over these tiles, shared out among threads.
void run_tiles(const linear::Prepared&, std::span<const linear::Tile>, int threads, const float* b, float* c,
               const float* r) noexcept;
}  // namespace tulle::library
