#pragma once
#include <span>
#include <string_view>

#include "core/cpu.hpp"
#include "kernels/lanes.hpp"

namespace tulle::softmax {
/// y = exp(x - max x) / sum exp(x - max x) over the features of each column; with `logarithm`, the logarithm
/// of it. A column whose numbers are all -infinity gives NaN, as the definition does.
struct Kernel {
  std::string_view name;
  Features needs;
  /// Layouts as norm::Kernel::run wants them: the same columns, both with lane_stride 1 or both with
  /// feature_stride 1. Softmax over the last axis of rows x n is the row-major layout with n features and
  /// `rows` columns. In place or not. Lanes that are no column become zeros.
  void (*run)(bool logarithm, const Layout& in, const float* x, const Layout& out, float* y, Part) noexcept;
};

std::span<const Kernel* const> kernels();  ///< best first; the last runs everywhere
const Kernel& best(Features have);
}  // namespace tulle::softmax
