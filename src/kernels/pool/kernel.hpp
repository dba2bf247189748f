#pragma once
#include <span>
#include <string_view>

#include "core/cpu.hpp"
#include "kernels/lanes.hpp"

namespace tulle::pool {
enum class Kind : std::uint8_t { max, average };

/// Output pixel (y, x) looks at input pixels (y * step_y - pad_top + i * dilation_y, x * step_x - pad_left +
/// j * dilation_x) for i < kernel_y, j < kernel_x. The maximum and the average are over those inside the
/// input; with count_padding the average's divisor also counts those in the padding (pad_bottom and pad_right
/// are for this only).
struct Problem {
  Kind kind = Kind::max;
  Index kernel_y = 1, kernel_x = 1, step_y = 1, step_x = 1, dilation_y = 1, dilation_x = 1;
  Index pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  bool count_padding = false;
};

/// Pooling in f32, serial, no allocation; the buffers must not overlap. Every pair of layouts is accepted;
/// fast are columns side by side in both (lane_stride 1) with step_x 1 or 2, and features side by side in
/// both.
struct Kernel {
  std::string_view name;
  Features needs;
  /// Tiles of `out`, written whole: lanes that are no column become zeros. Same groups and features.
  void (*run)(const Problem&, const Layout& in, const float* x, const Layout& out, float* y, Part) noexcept;
  /// The mean over all columns of features [first, last) of a group; out has one column. Gap lanes become
  /// zeros.
  void (*mean)(const Layout& in, const float* x, const Layout& out, float* y, Index group, Index first,
               Index last) noexcept;
};

std::span<const Kernel* const> kernels();  ///< best first; the last runs everywhere
const Kernel& best(Features have);
}  // namespace tulle::pool
