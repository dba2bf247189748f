// Convolutions of any kernel as products on tiles of 16 pixels, whose rows of B are the taps
// (formats/conv_shape.hpp).
#include <fmt/format.h>

#include "kernels/layout/kernel.hpp"
#include "library/convolution_plan.hpp"
#include "library/parts.hpp"
#include "library/placed_product.hpp"

namespace tulle::library {
namespace {
Layout one_image(Layout l) {
  l.groups = 1;
  return l;
}

/// Where one image lies: as the caller has it, as the product reads and writes it.
struct Placement {
  explicit Placement(const ConvolutionTask&);
  Layout x, y;
  ConvSource source;
  bool reads_x, writes_y;  ///< in place
  PlacedProduct product;
  std::vector<linear::Tile> tiles;
  Index in_floats() const { return reads_x ? 0 : floats(source.layout); }
  Index out_floats() const { return writes_y ? 0 : floats(product.out); }
};

/// Whole tiles of pixels, numbered as the convolution numbers its output.
bool holds_tiles(const Layout& l, Index pitch) {
  return l.pitch == pitch && l.lane_stride == 1 &&
         (l.feature_stride == kLanes || l.zero_padded || l.columns() % kLanes == 0);
}

Placement::Placement(const ConvolutionTask& t) : x(one_image(t.x)), y(one_image(t.y)) {
  ConvShape one = t.shape;
  one.images = 1;
  source = source_of(one, t.padding);
  reads_x = !one.strided() && (source.layout == x || (one.aligned() && x.zero_padded));
  if (reads_x) source.layout = x;
  const Index pitch = source.layout.pitch;
  writes_y = holds_tiles(y, pitch);
  Padding unpadded{.pitch = pitch};
  product.weight = t.weight;
  product.b_offsets = tap_offsets(one, source);
  product.bias = t.bias;
  product.activation = t.activation;
  product.in = source.layout;
  product.out = writes_y ? y : image_panels({1, one.out_channels, one.out.height, one.out.width}, unpadded);
  if (t.residual) product.residual = product.out;
  product.weights = t.weight.rows * (t.weight.cols / one.groups);
  tiles = product_tiles(product);
}

class Taps final : public Product {
 public:
  Taps(const ConvolutionTask& t, std::shared_ptr<const Placement> placement,
       std::unique_ptr<const linear::Prepared> prepared)
      : task_(t), at_(std::move(placement)), prepared_(std::move(prepared)) {}
  void run(const Operands& o, float* scratch) const noexcept override {
    for (Index i = 0; i < task_.shape.images; ++i) {
      const Index y = i * task_.y.group_stride;
      run_image({o.b + i * task_.x.group_stride, o.c + y, o.r ? o.r + y : nullptr}, scratch);
    }
  }
  Index scratch_floats() const override { return at_->in_floats() + at_->out_floats(); }
  std::size_t bytes() const override { return prepared_->bytes(); }

 private:
  void run_image(const Operands& o, float* scratch) const noexcept {
    float* const own_b = scratch;
    float* const own_c = scratch + at_->in_floats();
    const Layout& out = at_->product.out;
    if (!at_->reads_x) split(o.b, own_b);
    if (task_.residual && !at_->writes_y) convert(at_->y, o.r, out, own_c);
    float* const c = at_->writes_y ? o.c : own_c;
    const float* const r = !task_.residual ? nullptr : at_->writes_y ? o.r : own_c;
    run_tiles(*prepared_, at_->tiles, task_.threads, at_->reads_x ? o.b : own_b, c, r);
    if (!at_->writes_y) convert(out, own_c, at_->y, o.c);
  }
  void convert(const Layout& from, const float* src, const Layout& to, float* dst) const noexcept {
    for_parts(to, task_.threads, [&](Part part) { moves_.convert(from, src, to, dst, part); });
  }
  /// The input, or its phases, to where the product reads it.
  void split(const float* src, float* dst) const noexcept {
    const ConvShape& c = task_.shape;
    const Layout& to = at_->source.layout;
    if (!c.strided()) return convert(at_->x, src, to, dst);
    const auto move = c.reads_one_phase() ? moves_.subsample : moves_.deinterleave;
    for_parts(to, task_.threads, [&](Part part) {
      move(at_->x, src, to, dst, {c.stride_y, c.stride_x}, part);
    });
  }

  const ConvolutionTask& task_;
  std::shared_ptr<const Placement> at_;
  std::unique_ptr<const linear::Prepared> prepared_;
  const layout::Kernel& moves_ = layout::best(cpu_features());
};
}  // namespace

void offer_taps(const ConvolutionTask& t, std::vector<Offer>& offers) {
  const auto placement = std::make_shared<const Placement>(t);
  const linear::Problem p = problem_of(placement->product, std::ssize(placement->tiles));
  for (const linear::Kernel* kernel : linear::kernels()) {
    Offer o{.kernel = std::string(kernel->name),
            .needs = kernel->needs,
            .sparse = kernel->sparse,
            .reference = kernel == linear::kernels().back(),
            .dtype = kernel->dtype,
            .refusal = kernel->refuse(p)};
    if (!o.refusal) o.cost_us = kernel->cost_us(p) * static_cast<double>(t.shape.images);
    o.prepare = [&t, kernel, placement, p]() -> std::unique_ptr<Product> {
      return std::make_unique<Taps>(t, placement, kernel->prepare(p));
    };
    offers.push_back(std::move(o));
  }
}
}  // namespace tulle::library
