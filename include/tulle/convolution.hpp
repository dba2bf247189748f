#pragma once
#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tulle/activation.hpp"
#include "tulle/kernel_choice.hpp"
#include "tulle/layout.hpp"
#include "tulle/sparse.hpp"

namespace tulle {
/// Images as [images][channels][height][width].
struct ImageShape {
  Index images = 1, channels = 0, height = 0, width = 0;
  bool operator==(const ImageShape&) const = default;
};

/// How images lie in memory. nchw and nhwc: without gaps. panels and planes (tulle/layout.hpp): as the plan
/// says (x_layout, y_layout), so that nothing is converted when a run begins or ends; panels for 1 x 1
/// convolutions, planes for all. A buffer of planes must have been zeroed once; runs keep its padding zero.
enum class ImageOrder : std::uint8_t { nchw, nhwc, panels, planes };

/// What is wanted of Y = act(W * X + bias + R), * being the convolution of ONNX's Conv, in f32.
struct ConvolutionOptions {
  std::array<Index, 2> kernel_shape{1, 1}, strides{1, 1}, dilations{1, 1};  ///< along y, along x
  std::array<Index, 4> pads{};  ///< zeros above, left, below, right, as ONNX orders them
  Index groups = 1;             ///< channels: depthwise
  int threads = 1;
  ImageOrder x_order = ImageOrder::nchw, y_order = ImageOrder::nchw;
  bool cold = false;   ///< W is no longer in the cache when a run begins, as in a large model
  bool sparse = true;  ///< false: dense kernels only, the baseline of comparisons
  bool finite = true;  ///< X holds neither Inf nor NaN; false: kernels that multiply absent entries refuse
  std::span<const float> bias;  ///< one per output channel, or empty; copied
  bool residual = false;        ///< runs are given R, which lies as Y does; it may be Y itself
  Activation activation;
  std::string kernel;  ///< this one and no other ("linear/jit/avx512"); Error with its refusal
};

/// A convolution with one W for images of one shape, ready to run. Movable; run may be called from many
/// threads at once. Error of an element: at most (nnz_i + 4) 2^-24 (sum |w x| + |bias| + |r|), then the
/// activation's.
class ConvolutionPlan {
 public:
  /// x_floats() and y_floats() floats; Y must lie apart from X. Allocates nothing, unless more runs overlap
  /// than ever before.
  void run(const float* x, float* y, const float* residual = nullptr) const;

  ImageShape y_shape() const;
  Layout x_layout() const;  ///< where element (image, channel, y, x) lies: Layout::at
  Layout y_layout() const;
  Index x_floats() const;
  Index y_floats() const;

  std::string_view kernel() const;
  std::string why() const;  ///< the choice in words, with the numbers that decided
  std::span<const KernelChoice> candidates() const;
  double break_even() const;   ///< fraction of zeros from which sparse is expected to win; 0: unknown, or any
  double planning_us() const;  ///< that plan_convolution took, preparing included
  std::size_t bytes() const;   ///< of the prepared W

  struct Impl;
  explicit ConvolutionPlan(std::unique_ptr<const Impl>);
  ConvolutionPlan(ConvolutionPlan&&) noexcept;
  ConvolutionPlan& operator=(ConvolutionPlan&&) noexcept;
  ~ConvolutionPlan();

 private:
  std::unique_ptr<const Impl> impl_;
};

/// W [out channels][channels / groups * ky * kx] as a matrix, columns (channel, ky, kx) as a dense weight
/// [out][in][ky][kx] lies. Checks all it is given (an Error with the numbers), asks every kernel, times the
/// best few as they will run, conversions included, and keeps the fastest. W is copied.
ConvolutionPlan plan_convolution(const CsrView& w, const ImageShape& x, const ConvolutionOptions& = {});
}  // namespace tulle
