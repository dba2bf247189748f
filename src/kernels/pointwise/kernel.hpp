#pragma once
#include <span>
#include <string_view>

#include "core/cpu.hpp"
#include "kernels/activation.hpp"
#include "kernels/lanes.hpp"

namespace tulle::pointwise {
/// The activation of a 16-lane tile of `rows` rows that lie `stride` floats apart, in place.
using TileActivation = void (*)(Activation, float* c, Index stride, Index rows) noexcept;

enum class BinaryKind : std::uint8_t { add, sub, mul, div, min, max };
constexpr int kActivationKinds = static_cast<int>(ActivationKind::elu) + 1;
constexpr int kBinaryKinds = static_cast<int>(BinaryKind::max) + 1;

/// What is computed of every real column x of feature f: act(x * scale[f] + shift[f]), a null pointer
/// standing for ones or for zeros (-0, which keeps the sign of a zero); slope, if not null, is PRelu's: negative results are multiplied by slope[f]
/// before act.
struct PerFeature {
  const float* scale = nullptr;
  const float* shift = nullptr;
  const float* slope = nullptr;
  Activation activation;
};

/// Elementwise work in f32. Outputs may be the inputs themselves. Errors of the functions behind activations:
/// at most 5e-7 of the larger of 1 and |result|. Every function is serial and allocates nothing.
struct Kernel {
  std::string_view name;
  Features needs;
  TileActivation tile[kActivationKinds];  ///< by ActivationKind
  /// y[i] = act(x[i]), i < count.
  void (*unary)(Activation, const float* x, float* y, Index count) noexcept;
  /// y[i] = a[i] op b[i], then act; a_step and b_step are 1, or 0 for one number that all share.
  void (*binary)(BinaryKind, const float* a, Index a_step, const float* b, Index b_step, Activation, float* y,
                 Index count) noexcept;
  /// In place or not; both buffers have the layout. Needs lane_stride 1 or feature_stride 1. Lanes that are
  /// no column become zero.
  void (*per_feature)(const PerFeature&, const Layout&, const float* x, float* y, Part) noexcept;
  /// y(g, f, q) = x(g, f, q) op b[g * b_group_stride + q] for the real columns; lane_stride 1 only.
  void (*per_column)(BinaryKind, const Layout&, const float* x, const float* b, Index b_group_stride,
                     float* y, Part) noexcept;
};

std::span<const Kernel* const> kernels();  ///< best first; the last runs everywhere
const Kernel& best(Features have);

/// For the families that apply it to a tile just stored; never null (none: does nothing).
TileActivation tile_activation(ActivationKind, Features have);
}  // namespace tulle::pointwise
