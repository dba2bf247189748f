#pragma once
#include "formats/csr.hpp"
#include "kernels/linear/kernel.hpp"
#include "plan/builder.hpp"
#include "plan/decisions.hpp"

namespace tulle::plan {
Activation activation_of(const graph::Node&);  ///< the attributes of a fused node

/// A product with a constant weight on panels or planes: what a linear layer and a convolution come down to.
struct Product {
  Csr weight;                           ///< rows: output features; cols: what b_offsets lists
  std::vector<std::int32_t> b_offsets;  ///< floats from a tile of B to each "row of B"
  std::span<const float> bias;
  Activation activation;
  Layout in, out;
  std::optional<Layout> residual;
  Index phases = 1;                     ///< features of `in` and `out` that lie apart as columns do (Axes::phases)
  Index weights = 0;                    ///< entries in the file, zeros included
};

/// The tiles of C with where they and their inputs lie, for all groups.
std::vector<linear::Tile> product_tiles(const Product&);
linear::Problem problem_of(const Product&, Index tiles);

/// The kernels that could do it, each ready to be prepared and timed; `product` must outlive them.
std::vector<Contender> product_contenders(Builder&, const Product&, const std::vector<linear::Tile>&);
/// References are asked only where nobody else accepts, and then the last alone: their sums have another order.
void refuse_references(std::vector<Contender>&);
std::string product_key(const Product&, Index tiles, int threads);
void describe_product(const Product&, Layer&);

/// Appends the winner of a contest over product_contenders.
void emit_product(Builder&, std::unique_ptr<Runnable> winner, std::vector<linear::Tile>, const Form& in, const Form& out,
                  const std::optional<Form>& residual);

/// rows x cols weight times n row-major vectors, in whichever layout wins: what lower_linear and 1x1 maps share.
struct DenseLayer {
  graph::ValueId x, y, residual = graph::kAbsent;
  const float* weight = nullptr;  ///< rows x cols, row-major
  bool transposed = false;        ///< it lies as cols x rows
  Index rows = 0, cols = 0, n = 0;
  std::span<const float> bias;
  Activation activation;
};
void add_dense_layer(Builder&, const DenseLayer&);
}  // namespace tulle::plan
