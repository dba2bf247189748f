#pragma once
#include "core/buffer.hpp"
#include "kernels/clamp.hpp"
#include "kernels/linear/kernel.hpp"
#include "kernels/pointwise/kernel.hpp"

namespace tulle::linear {
/// What a packed weight keeps of its problem for the end of a tile: C = act(sum + bias + R).
struct Epilogue {
  Epilogue(const Problem& p, Features isa)
      : c_stride(p.c_stride),
        r_stride(p.r_stride),
        residual(p.residual),
        mask(p.mask),
        activation(p.activation),
        clamp(clamp_of(p.activation)),
        bias(static_cast<std::size_t>(p.a.rows)) {
    for (std::size_t i = 0; i < p.bias.size(); ++i) bias[i] = p.bias[i] + 0.0f;  // no -0
    if (is_curved(activation)) curve = pointwise::tile_activation(activation.kind, isa);
  }
  Index c_stride, r_stride;
  bool residual, mask;
  Activation activation;
  Clamp clamp;
  pointwise::TileActivation curve = nullptr;  ///< for the activations that are applied after the store
  Buffer<float> bias;                         ///< one per row; zeros if the problem has none
};

/// Where the b, c and r of a tile begin.
struct TilePointers {
  const float* b;
  float* c;
  const float* r;
  std::uint32_t lanes;
};
inline TilePointers at(const Tile& t, const float* b, float* c, const float* r) {
  return {b + t.b, c + t.c, r ? r + t.r : nullptr, t.lanes};
}
}  // namespace tulle::linear
