#pragma once
#include <vector>

#include "kernels/linear/kernel.hpp"

namespace tulle::linear {
/// The order in which every kernel adds the columns of A (kernel.hpp), as the place of each: blocks of
/// neighbours, whose rows of B lie in L1 together, one after the other; inside a block by the remainder of
/// the offset modulo 16 floats, then by the offset, so that one base register and one-byte displacements of
/// generated code reach many rows of B although a convolution's taps are shifted by single floats. Where rows
/// of B lie at rising multiples of 16 floats, as in every product on panels, that is 0, 1, 2, ...
std::vector<std::int32_t> rank_columns(std::span<const std::int32_t> b_offsets);

/// A and the offsets of its rows of B with the columns in that order. A view of the problem where they have
/// it already.
class InOrder {
 public:
  explicit InOrder(const Problem&);
  InOrder(const InOrder&) = delete;
  CsrView a;
  std::span<const std::int32_t> b_offsets;

 private:
  Csr moved_;
  std::vector<std::int32_t> offsets_;
};
}  // namespace tulle::linear
