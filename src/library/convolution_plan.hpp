#pragma once
#include "core/lease.hpp"
#include "formats/conv_shape.hpp"
#include "library/planning.hpp"
#include "tulle/convolution.hpp"

namespace tulle::library {
/// A convolution with the layouts of its operands.
struct ConvolutionTask {
  ConvShape shape;
  Padding padding;  ///< of planes
  Csr weight;       ///< of all channels: ungrouped()
  std::vector<float> bias;
  bool residual = false;
  Activation activation;
  ImageOrder x_order = ImageOrder::nchw, y_order = ImageOrder::nchw;
  Layout x, y;  ///< R lies as Y does
  int threads = 1;
};

/// 1 x 1 with nothing around it, on operands that are matrices of pixels as they lie: one product an image.
bool is_pixelwise(const ConvolutionTask&);
void offer_pixelwise(const ConvolutionTask&, std::vector<Offer>&);
/// Any convolution: the input to planes or panels unless it lies so, tiles of `linear`, the result back.
void offer_taps(const ConvolutionTask&, std::vector<Offer>&);
}  // namespace tulle::library

namespace tulle {
struct ConvolutionPlan::Impl {
  library::ConvolutionTask task;
  library::Planned planned;
  double planning_us = 0;
  mutable std::unique_ptr<LeasePool<Buffer<float>>> scratch;
};
}  // namespace tulle
