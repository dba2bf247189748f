#pragma once
#include <span>
#include <string_view>

#include "core/cpu.hpp"
#include "kernels/lanes.hpp"

namespace tulle::resize {
/// Where along one axis each target coordinate looks: (1 - weight) * source[low] + weight * source[high], one
/// number a target row (or column), low and high within the source. Nearest: high and weight are null.
struct Axis {
  const std::int32_t* low = nullptr;
  const std::int32_t* high = nullptr;
  const float* weight = nullptr;
};

/// Resampling of images in f32: to(g, f, y, x) is interpolated between the pixels of from(g, f) that rows[y]
/// and columns[x] name; both axes are nearest or both are linear. Same groups and features. Serial, no
/// allocation; the buffers must not overlap. Every pair of layouts is accepted, those with lane_stride 1 in
/// `to` are fast.
struct Kernel {
  std::string_view name;
  Features needs;
  /// Tiles of `to`, written whole: lanes that are no column become zeros.
  void (*run)(Axis rows, Axis columns, const Layout& from, const float* src, const Layout& to, float* dst,
              Part part) noexcept;
};

std::span<const Kernel* const> kernels();  ///< best first; the last runs everywhere
const Kernel& best(Features have);
}  // namespace tulle::resize
