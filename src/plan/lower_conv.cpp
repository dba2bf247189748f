#include "plan/convert.hpp"
#include "plan/decisions.hpp"
#include "plan/lowering.hpp"
#include "plan/product.hpp"

namespace tulle::plan {
namespace {
// The weight [out][in / groups][ky][kx] as a matrix whose columns are (input channel, ky, kx); grouped and depthwise
// convolutions are block diagonal, and the absent blocks are zeros like all others.
Csr conv_weight(const ConvShape& c, const float* w) {
  const Index taps = c.kernel_y * c.kernel_x, per_group = c.in_channels / c.groups;
  Csr a{c.out_channels, c.in_channels * taps, {0}, {}, {}};
  for (Index o = 0; o < c.out_channels; ++o) {
    const Index first = o / (c.out_channels / c.groups) * per_group * taps;
    for (Index j = 0; j < per_group * taps; ++j)
      if (const float value = w[o * per_group * taps + j]; value != 0) {
        a.columns.push_back(static_cast<std::int32_t>(first + j));
        a.values.push_back(value);
      }
    a.offsets.push_back(static_cast<Index>(a.values.size()));
  }
  return a;
}

// What the convolution reads: the input itself, or for a stride its phase images, features (c * sy + py) * sx + px.
// When all taps fall on phase (0, 0) (a 1x1 convolution with a stride) that phase alone, features c.
struct Source {
  Layout layout;
  Index phases_y = 1, phases_x = 1;
};

Source source_of(Builder& b, const ConvShape& c, graph::ValueId x) {
  const Builder::Want want = c.aligned() ? Builder::Want::panels : Builder::Want::planes;
  if (!c.strided()) {
    const Form* has = c.aligned() ? b.find(x, Axes::image) : nullptr;
    return {has ? has->layout : b.image_layout(x, want)};
  }
  const bool one_phase = c.kernel_y == 1 && c.kernel_x == 1 && c.pad_top == 0 && c.pad_left == 0;
  Source s;
  if (!one_phase) s.phases_y = c.stride_y, s.phases_x = c.stride_x;
  const Shape shape{c.images, c.in_channels * s.phases_y * s.phases_x, c.phase().height, c.phase().width};
  const Padding padding = b.images().padding(c.phase());
  s.layout = want == Builder::Want::panels ? image_panels(shape, padding) : image_planes(shape, padding);
  return s;
}

std::vector<std::int32_t> tap_offsets(const ConvShape& c, const Source& s) {
  std::vector<std::int32_t> offsets;
  for (Index channel = 0; channel < c.in_channels; ++channel)
    for (Index ky = 0; ky < c.kernel_y; ++ky)
      for (Index kx = 0; kx < c.kernel_x; ++kx) {
        const Index py = ConvShape::phase_of(ky, c.dilation_y, c.pad_top, c.stride_y) % s.phases_y;
        const Index px = ConvShape::phase_of(kx, c.dilation_x, c.pad_left, c.stride_x) % s.phases_x;
        const Index feature = (channel * s.phases_y + py) * s.phases_x + px;
        const Index shift = ConvShape::shift_of(ky, c.dilation_y, c.pad_top, c.stride_y) * s.layout.pitch +
                            ConvShape::shift_of(kx, c.dilation_x, c.pad_left, c.stride_x);
        offsets.push_back(static_cast<std::int32_t>(feature * s.layout.feature_stride + shift));
      }
  return offsets;
}

Form read_source(Builder& b, const ConvShape& c, const Source& s, graph::ValueId x) {
  if (!c.strided()) {
    if (c.aligned()) return b.image(x, b.find(x, Axes::image) ? Builder::Want::any : Builder::Want::panels);
    return b.image(x, Builder::Want::planes);
  }
  Form from;
  if (const Form* has = b.find(x, Axes::image))
    from = *has;
  else
    from = {Axes::image, row_major(b.shape(x), Axes::image, true), b.rows(x), 0};
  const Form to = b.make_loose(Axes::image, s.layout);
  const bool subsample = s.phases_y * s.phases_x == 1;
  b.emit(phases_step(from, to, c.stride_y, c.stride_x, subsample), {from.buffer, to.buffer},
         "phases " + describe(from.layout) + " -> " + describe(to.layout));
  return to;
}

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
  const Source source = source_of(b, c, x);
  Product p{.weight = conv_weight(c, w.as<float>().data()), .bias = bias, .activation = activation_of(n), .in = source.layout,
            .out = b.image_layout(y, b.images().wants_planes(y) ? Builder::Want::planes : Builder::Want::panels), .weights = w.count()};
  if (p.in.pitch != p.out.pitch || !fits_int32(p.in) || !fits_int32(p.out)) return false;
  p.b_offsets = tap_offsets(c, source);
  std::optional<Form> residual;
  if (r != graph::kAbsent) {
    residual = b.image(r, Builder::Want::any);
    p.residual = residual->layout;
  }
  describe_product(p, b.layer());
  const Form in = read_source(b, c, source, x);
  Form out;
  if (residual && residual->layout == p.out && b.dies_here(r, *residual)) {
    out = *residual;
    b.alias(y, out);
  } else {
    out = b.make(y, Axes::image, p.out);
    p.out = out.layout;
  }
  std::vector<linear::Tile> tiles = product_tiles(p);
  Decisions::Winner winner = b.decisions().contest(product_key(p, static_cast<Index>(tiles.size()), b.options().threads),
                                                   product_contenders(b, p, tiles), b.layer());
  emit_product(b, std::move(winner.runnable), std::move(tiles), in, out, residual);
  return true;
}
}  // namespace tulle::plan
