#pragma once
#include <span>
#include <string_view>

#include "core/cpu.hpp"
#include "kernels/lanes.hpp"

namespace tulle::layout {
/// From the pixels of one activation to those of another: pixel (y, x) of `to` is (y * y_step, x * x_step) of
/// `from`.
struct Steps {
  Index y = 1, x = 1;
};

/// Moves of activations between layouts. Exact. Every pair of layouts is accepted; those whose columns
/// (lane_stride 1) or features (feature_stride 1) lie side by side are fast. `part` counts groups and tiles
/// of `to`, and each tile is written whole: lanes that are no column, and columns that lie outside `from`,
/// become zeros. The buffers must not overlap. Serial, no allocation.
struct Kernel {
  std::string_view name;
  Features needs;
  /// to(g, f, y, x) = from(g, f, y, x); groups, features, height and width agree.
  void (*convert)(const Layout& from, const float* src, const Layout& to, float* dst, Part part) noexcept;
  /// The phases of a strided convolution: to(g, (f * step.y + i) * step.x + j, y, x) = from(g, f, y * step.y
  /// + i, x * step.x + j); to.features = from.features * step.y * step.x.
  void (*deinterleave)(const Layout& from, const float* src, const Layout& to, float* dst, Steps step,
                       Part part) noexcept;
  /// to(g, f, y, x) = from(g, f, y * step.y, x * step.x).
  void (*subsample)(const Layout& from, const float* src, const Layout& to, float* dst, Steps step,
                    Part part) noexcept;
};

std::span<const Kernel* const> kernels();  ///< best first; the last runs everywhere
const Kernel& best(Features have);
}  // namespace tulle::layout
