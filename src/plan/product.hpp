#pragma once
#include "library/placed_product.hpp"
#include "plan/builder.hpp"
#include "plan/decisions.hpp"

namespace tulle::plan {
Activation activation_of(const graph::Node&);  ///< the attributes of a fused node

using Product = library::PlacedProduct;

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
