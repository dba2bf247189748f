#pragma once
#include <vector>

#include "core/buffer.hpp"
#include "formats/layout.hpp"
#include "kernels/clamp.hpp"
#include "kernels/pointwise/kernel.hpp"
#include "kernels/spmv/kernel.hpp"

namespace tulle::spmv {
/// Rows of A in slices of 16 rows, one row in each lane of a vector, so that a product needs no sum across
/// lanes. What all such forms share: which row each lane has, and the end of a slice, y = act(sum + bias +
/// r).
struct Slices {
  Slices(const Problem&, std::vector<std::int32_t> order, Features isa);
  Index count() const { return (static_cast<Index>(rows.size()) + kLanes - 1) / kLanes; }
  int live(Index slice) const;  ///< lanes of a slice that have a row; the last slice may be short
  const std::int32_t* rows_of(Index slice) const { return rows.data() + slice * kLanes; }

  std::vector<std::int32_t> rows;  ///< slice * 16 + lane -> row of A
  Buffer<float> bias;              ///< in that order, filled up to whole slices
  bool residual;
  Activation activation;
  Clamp clamp;
  pointwise::TileActivation curve = nullptr;  ///< for the activations that are neither clamp nor slope
};

/// Rows 0, 1, 2, ... as they are.
std::vector<std::int32_t> rows_in_order(const CsrView&);
/// Rows with the most entries first within windows of 256 rows, so that the rows of a slice are about equally
/// long and a range of slices has about its share of the work (SELL-C-sigma, Kreutzer et al. 2014, arXiv
/// 1307.6209).
std::vector<std::int32_t> rows_by_length(const CsrView&);

/// A refusal of forms that have something for absent entries too, where it comes to more than 2 GiB.
std::optional<std::string> too_large(const Problem&, Index bytes_per_column_of_slice);

/// Microseconds to stream packed weights of this size: 60 GB/s out of caches, 25 GB/s out of memory.
double stream_us(double bytes);
}  // namespace tulle::spmv
