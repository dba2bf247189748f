// Planning a convolution: checks, layouts, the contest; and the checks of a run.
#include "tulle/convolution.hpp"

#include <fmt/format.h>

#include <chrono>

#include "core/checked.hpp"
#include "library/convolution_plan.hpp"

namespace tulle {
namespace {
using library::ConvolutionTask;

std::string where(std::string_view what) {
  return fmt::format("convolution: {}", what);
}

void expect(std::string_view what, Index value, Index least, Index most) {
  if (value < least || value > most)
    throw Error(where(what), fmt::format("is {}; want {} to {}", value, least, most));
}

/// Windows that reach farther than this would make planes of zeros.
constexpr Index kFarthestReach = 4096;
constexpr Index kMostPixels = Index{1} << 31, kMostTaps = Index{1} << 26;

void check_window(const ConvolutionOptions& o) {
  constexpr int kMostThreads = 1024;
  expect("threads", o.threads, 1, kMostThreads);
  for (int axis = 0; axis < 2; ++axis) {
    expect("kernel_shape", o.kernel_shape[axis], 1, kFarthestReach);
    expect("strides", o.strides[axis], 1, kFarthestReach);
    expect("dilations", o.dilations[axis], 1, kFarthestReach);
    expect("reach of the taps", (o.kernel_shape[axis] - 1) * o.dilations[axis], 0, kFarthestReach);
  }
  for (Index pad : o.pads) expect("pads", pad, 0, kFarthestReach);
}

void check_weight(const CsrView& w, const ImageShape& x, const ConvolutionOptions& o) {
  check(w);
  expect("groups", o.groups, 1, x.channels);
  if (x.channels % o.groups != 0 || w.rows % o.groups != 0)
    throw Error(where("groups"), fmt::format("is {}; want a divisor of {} channels and {} rows of W",
                                             o.groups, x.channels, w.rows));
  const Index taps = o.kernel_shape[0] * o.kernel_shape[1];
  expect("taps of all channels", checked_mul(x.channels, taps), 1, kMostTaps);
  if (w.cols != x.channels / o.groups * taps)
    throw Error(where("W"), fmt::format("is {} x {}; want {} columns, {} channels of a group x {} x {}",
                                        w.rows, w.cols, x.channels / o.groups * taps, x.channels / o.groups,
                                        o.kernel_shape[0], o.kernel_shape[1]));
  if (!o.bias.empty() && std::ssize(o.bias) != w.rows)
    throw Error(where("bias"),
                fmt::format("has {} values; want {}, one per row of W", o.bias.size(), w.rows));
}

Index out_size(const char* what, Index in, Index before, Index behind, Index kernel, Index dilation,
               Index stride) {
  const Index reach = (kernel - 1) * dilation + 1, left = in + before + behind - reach;
  if (left < 0)
    throw Error(where(what), fmt::format("{} with pads {} and {} is less than the {} that the kernel spans",
                                         in, before, behind, reach));
  return left / stride + 1;
}

ConvShape shape_of(const CsrView& w, const ImageShape& x, const ConvolutionOptions& o) {
  ConvShape c{.images = x.images,
              .groups = o.groups,
              .in_channels = x.channels,
              .out_channels = w.rows,
              .kernel_y = o.kernel_shape[0],
              .kernel_x = o.kernel_shape[1],
              .stride_y = o.strides[0],
              .stride_x = o.strides[1],
              .dilation_y = o.dilations[0],
              .dilation_x = o.dilations[1],
              .pad_top = o.pads[0],
              .pad_left = o.pads[1],
              .pad_bottom = o.pads[2],
              .pad_right = o.pads[3],
              .in = {x.height, x.width}};
  c.out.height = out_size("height", x.height, c.pad_top, c.pad_bottom, c.kernel_y, c.dilation_y, c.stride_y);
  c.out.width = out_size("width", x.width, c.pad_left, c.pad_right, c.kernel_x, c.dilation_x, c.stride_x);
  return c;
}

/// Every buffer of one image has fewer than 2^31 floats, so that offsets of taps fit 32 bits; of all: no
/// overflow.
void check_sizes(const ConvShape& c, const Padding& p) {
  const Index rows = std::max(c.out.height, c.phase().height) + p.above + p.below + 1;
  const Index pixels = checked_mul(rows, p.pitch, "convolution") + 4 * (p.gap + kLanes);
  const Index phases = c.stride_y * c.stride_x;
  for (Index channels : {checked_mul(c.in_channels, phases, "convolution"), c.out_channels}) {
    const Index image = checked_mul(channels, pixels, "convolution");
    expect("floats of an image", image, 0, kMostPixels - 1);
    checked_mul(c.images, image * Index{sizeof(float)}, "convolution");
  }
}

Layout layout_of(ImageOrder order, const Shape& shape, const Padding& p) {
  switch (order) {
    case ImageOrder::nhwc:
      return channels_last(shape);
    case ImageOrder::panels:
      return image_panels(shape, p);
    case ImageOrder::planes:
      return image_planes(shape, p);
    default:
      return image_rows(shape);
  }
}

ConvolutionTask task_of(const CsrView& w, const ConvShape& c, const ConvolutionOptions& o) {
  ConvolutionTask t{.shape = c,
                    .padding = c.padding(),
                    .weight = ungrouped(c, w),
                    .bias = {o.bias.begin(), o.bias.end()},
                    .residual = o.residual,
                    .activation = o.activation,
                    .x_order = o.x_order,
                    .y_order = o.y_order,
                    .threads = o.threads};
  if (is_pixelwise(t)) t.padding.pitch = c.in.width;  // as a matrix: pixels without gaps
  Padding of_x = t.padding;
  if (c.strided()) of_x = {.pitch = c.in.width};  // the phases are what has padding
  t.x = layout_of(o.x_order, {c.images, c.in_channels, c.in.height, c.in.width}, of_x);
  t.y = layout_of(o.y_order, {c.images, c.out_channels, c.out.height, c.out.width}, t.padding);
  return t;
}

/// Of rows and panels: what the last element needs, no slack.
Index floats_of(ImageOrder order, const Layout& l) {
  const bool gapless = order == ImageOrder::nchw || order == ImageOrder::nhwc;
  return l.groups == 0 ? 0 : gapless ? l.groups * l.group_stride : floats(l);
}

choice::Effort effort(bool cold) {
  return {.timed = 3, .hopeless = 1.4, .time_us = 20e3, .fewest = 2, .most = 6, .give_up = 1.5, .cold = cold};
}

bool overlap(const float* a, Index a_floats, const float* b, Index b_floats) {
  const std::less<const float*> before;
  return before(a, b + b_floats) && before(b, a + a_floats);
}
}  // namespace

ConvolutionPlan plan_convolution(const CsrView& w, const ImageShape& x, const ConvolutionOptions& o) {
  const auto start = std::chrono::steady_clock::now();
  expect("images", x.images, 0, kMostPixels);
  expect("channels", x.channels, 1, kMostPixels);
  expect("height", x.height, 1, kMostPixels);
  expect("width", x.width, 1, kMostPixels);
  check_window(o);
  check_weight(w, x, o);
  const ConvShape shape = shape_of(w, x, o);
  check_sizes(shape, shape.padding());
  auto p = std::make_unique<ConvolutionPlan::Impl>();
  p->task = task_of(w, shape, o);
  if (x.images > 0 && w.rows > 0) {
    std::vector<library::Offer> offers;
    (is_pixelwise(p->task) ? library::offer_pixelwise : library::offer_taps)(p->task, offers);
    p->planned = library::plan(std::move(offers), {.where = "convolution",
                                                   .kernel = o.kernel,
                                                   .listed = "the candidates of a plan",
                                                   .sparse = o.sparse,
                                                   .finite = o.finite,
                                                   .effort = effort(o.cold),
                                                   .b_floats = floats_of(o.x_order, p->task.x),
                                                   .c_floats = floats_of(o.y_order, p->task.y),
                                                   .entries = w.nnz(),
                                                   .possible = w.rows * w.cols});
  } else {
    p->planned.why = "nothing to compute: Y has no elements";
  }
  p->scratch = std::make_unique<LeasePool<Buffer<float>>>(
      [floats = p->planned.product ? p->planned.product->scratch_floats() : 0] {
        return std::make_unique<Buffer<float>>(static_cast<std::size_t>(floats));
      });
  { const LeasePool<Buffer<float>>::Lease first(*p->scratch); }  // so that the first run finds it
  p->planning_us =
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  return ConvolutionPlan(std::move(p));
}

void ConvolutionPlan::run(const float* x, float* y, const float* residual) const {
  const Index x_count = x_floats(), y_count = y_floats();
  const bool wants_residual = impl_->task.residual;
  if ((!x && x_count > 0) || (!y && y_count > 0) || (wants_residual && !residual && y_count > 0))
    throw Error("convolution", fmt::format("{} has no data", !x ? "X" : !y ? "Y" : "the residual"));
  if (residual && !wants_residual)
    throw Error("convolution", "a residual is given, but the plan has none (ConvolutionOptions::residual)");
  if (!impl_->planned.product) return;
  if (overlap(x, x_count, y, y_count)) throw Error("convolution", "Y overlaps X");
  if (residual && residual != y && overlap(residual, y_count, y, y_count))
    throw Error("convolution", "Y overlaps the residual without being the same");
  const LeasePool<Buffer<float>>::Lease scratch(*impl_->scratch);
  impl_->planned.product->run({x, y, residual}, scratch->data());
}

ImageShape ConvolutionPlan::y_shape() const {
  const Layout& y = impl_->task.y;
  return {y.groups, y.features, y.height, y.width};
}
Layout ConvolutionPlan::x_layout() const {
  return impl_->task.x;
}
Layout ConvolutionPlan::y_layout() const {
  return impl_->task.y;
}
Index ConvolutionPlan::x_floats() const {
  return floats_of(impl_->task.x_order, impl_->task.x);
}
Index ConvolutionPlan::y_floats() const {
  return floats_of(impl_->task.y_order, impl_->task.y);
}
std::string_view ConvolutionPlan::kernel() const {
  return impl_->planned.verdict.kernel;
}
std::string ConvolutionPlan::why() const {
  return impl_->planned.why;
}
std::span<const KernelChoice> ConvolutionPlan::candidates() const {
  return impl_->planned.verdict.candidates;
}
double ConvolutionPlan::break_even() const {
  return impl_->planned.break_even;
}
double ConvolutionPlan::planning_us() const {
  return impl_->planning_us;
}
std::size_t ConvolutionPlan::bytes() const {
  return impl_->planned.product ? impl_->planned.product->bytes() : 0;
}

ConvolutionPlan::ConvolutionPlan(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
ConvolutionPlan::ConvolutionPlan(ConvolutionPlan&&) noexcept = default;
ConvolutionPlan& ConvolutionPlan::operator=(ConvolutionPlan&&) noexcept = default;
ConvolutionPlan::~ConvolutionPlan() = default;
}  // namespace tulle
