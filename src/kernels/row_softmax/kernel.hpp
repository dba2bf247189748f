#pragma once
#include <span>
#include <string_view>

#include "core/cpu.hpp"
#include "tulle/tensor.hpp"

namespace tulle::row_softmax {
/// Softmax of each row of a CSR matrix over its entries: y = exp(scale x - m) / sum exp(scale x - m), m the
/// largest scale x of the row. What is absent counts as -infinity; a row without entries, or with none above
/// -infinity, gives zeros.
struct Kernel {
  std::string_view name;
  Features needs;
  /// Rows [first, last); entries offsets[i] .. offsets[i + 1] - 1 of x and y are row i's. In place or not.
  void (*run)(std::span<const Index> offsets, float scale, const float* x, float* y, Index first,
              Index last) noexcept;
};
std::span<const Kernel* const> kernels();  ///< best first; the last runs everywhere
const Kernel& best(Features have);
}  // namespace tulle::row_softmax
