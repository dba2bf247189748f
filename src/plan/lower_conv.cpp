#include "plan/conv_source.hpp"
#include "plan/decisions.hpp"
#include "plan/lowering.hpp"
#include "plan/product.hpp"

namespace tulle::plan {
namespace {
bool fits_int32(const Layout& l) { return floats(l) < (Index{1} << 31); }

bool is_single_pixel(const ConvShape& c) {
  return c.in == Resolution{1, 1} && c.out == Resolution{1, 1} && c.kernel_y == 1 && c.kernel_x == 1 && c.groups == 1 && !c.strided();
}
}  // namespace

bool lower_conv(Builder& b, const graph::Node& n) {
  if (!is_image_conv(b.graph(), n)) return false;
  const auto input = [&](std::size_t i) { return i < n.inputs.size() ? n.inputs[i] : graph::kAbsent; };
  if (input(2) != graph::kAbsent && !b.is_constant(input(2))) return false;
  const ConvShape c = conv_shape(b.graph(), n);
  const graph::ValueId x = n.inputs[0], y = n.outputs[0], r = input(3);
  const Tensor& w = b.graph().value(n.inputs[1]).constant;
  std::span<const float> bias;
  if (input(2) != graph::kAbsent) bias = b.graph().value(input(2)).constant.as<float>();
  if (element_count(b.shape(y)) == 0 || w.count() == 0) return false;
  if (is_single_pixel(c)) {
    add_dense_layer(b, {.x = x, .y = y, .residual = r, .weight = w.as<float>().data(), .rows = c.out_channels,
                        .cols = c.in_channels, .n = c.images, .bias = bias, .activation = activation_of(n)});
    return true;
  }
  const Csr weight = csr_from_dense(w.as<float>().data(), c.out_channels, w.count() / c.out_channels, w.count() / c.out_channels);
  Product p{.weight = ungrouped(c, weight.view()), .bias = bias, .activation = activation_of(n), .weights = w.count()};
  const ConvSource source = source_of(b, c, x);
  const std::optional<PhasedConv> split = phased(b, c, n);
  if (split) {
    p.in = split->in, p.out = split->out;
    p.phases = split->reader.stride_y * split->reader.stride_x;
    for (Index channel = 0; channel < c.in_channels; ++channel)
      p.b_offsets.push_back(static_cast<std::int32_t>(channel * p.phases * p.in.feature_stride));
  } else {
    p.in = source.layout;
    p.out = b.image_layout(y, b.images().wants_planes(y) ? Builder::Want::planes : Builder::Want::panels);
    p.b_offsets = tap_offsets(c, source);
  }
  if (p.in.pitch != p.out.pitch || !fits_int32(p.in) || !fits_int32(p.out)) return false;
  std::optional<Form> residual;
  if (r != graph::kAbsent) {
    residual = b.image(r, Builder::Want::any);
    p.residual = residual->layout;
  }
  describe_product(p, b.layer());
  const Form in = split ? read_phases(b, *split, x) : read_source(b, c, source, x);
  Form out;
  if (residual && residual->layout == p.out && b.dies_here(r, *residual)) {
    out = *residual;
    b.alias(y, out);
  } else {
    out = b.make(y, split ? Axes::phases : Axes::image, p.out);
    p.out = out.layout;
  }
  std::vector<linear::Tile> tiles = product_tiles(p);
  Decisions::Winner winner = b.decisions().contest(product_key(p, static_cast<Index>(tiles.size()), b.options().threads),
                                                   product_contenders(b, p, tiles), b.layer());
  emit_product(b, std::move(winner.runnable), std::move(tiles), in, out, residual);
  return true;
}
}  // namespace tulle::plan
