#pragma once
#include <span>
#include <string_view>

#include "core/cpu.hpp"
#include "kernels/lanes.hpp"

namespace tulle::norm {
/// y = (x - mean) / sqrt(variance + epsilon) * gamma + beta over the features of each column (Ba et al.,
/// arXiv 1607.06450); without center, mean is 0 and variance the mean square (RMSNorm, Zhang and Sennrich,
/// arXiv 1910.07467). gamma and beta: one number a feature, or null.
struct Problem {
  const float* gamma = nullptr;
  const float* beta = nullptr;
  float epsilon = 1e-5f;
  bool center = true;
};

struct Kernel {
  std::string_view name;
  Features needs;
  /// in and out have the same groups, features, height, width and pitch, and each lane_stride 1 (panels,
  /// planes, NCHW: columns in lanes) or feature_stride 1 (row-major: features in lanes), both the same way.
  /// In place or not. Tiles are written whole: lanes that are no column become zeros. Mean first, then
  /// squares of differences.
  void (*run)(const Problem&, const Layout& in, const float* x, const Layout& out, float* y, Part) noexcept;
};

std::span<const Kernel* const> kernels();  ///< best first; the last runs everywhere
const Kernel& best(Features have);
}  // namespace tulle::norm
