#include "plan/conv_source.hpp"
#include "plan/convert.hpp"

namespace tulle::plan {
namespace {
Form moved_to_phases(Builder& b, graph::ValueId x, const Layout& layout, const ConvShape& reader, bool first_only) {
  const Form from = b.any_image(x);
  const Form to = b.make_loose(Axes::phases, layout);
  b.emit(phases_step(from, to, reader.stride_y, reader.stride_x, first_only), {from.buffer, to.buffer},
         "phases " + describe(from.layout) + " -> " + describe(to.layout));
  return to;
}
}  // namespace

ConvSource source_of(const Builder& b, const ConvShape& c, graph::ValueId x) {
  if (!c.strided() && c.aligned())
    if (const Form* has = b.find(x, Axes::image)) return {has->layout};
  if (const Form* made = c.strided() ? b.find(x, Axes::phases) : nullptr) return {made->layout, c.stride_y, c.stride_x, made->phase_stride};
  return tulle::source_of(c, b.images().padding(c.phase()));
}

Form read_source(Builder& b, const ConvShape& c, const ConvSource& s, graph::ValueId x) {
  if (const Form* made = b.find(x, Axes::phases)) return *made;
  if (c.strided()) return moved_to_phases(b, x, s.layout, c, s.phases_y * s.phases_x == 1);
  if (c.aligned()) return b.image(x, b.find(x, Axes::image) ? Builder::Want::any : Builder::Want::panels);
  return b.image(x, Builder::Want::planes);
}

std::optional<ConvShape> phase_reader(const Builder& b, const graph::Node& n) {
  if (!is_image_conv(b.graph(), n) || element_count(b.shape(n.outputs[0])) == 0) return std::nullopt;
  if (n.inputs.size() > 2 && n.inputs[2] != graph::kAbsent && !b.is_constant(n.inputs[2])) return std::nullopt;
  const ConvShape c = conv_shape(b.graph(), n);
  return c.strided() && !c.reads_one_phase() ? std::optional(c) : std::nullopt;
}

std::optional<PhasedConv> phased(const Builder& b, const ConvShape& c, const graph::Node& n) {
  const bool pointwise = c.kernel_y * c.kernel_x == 1 && !c.strided() && c.aligned() && n.inputs.size() <= 3;
  const graph::Node* reader = b.only_reader(n.outputs[0]);
  if (!pointwise || c.in_channels >= c.out_channels || !reader || reader->inputs[0] != n.outputs[0]) return std::nullopt;
  const auto strided = phase_reader(b, *reader);
  if (!strided) return std::nullopt;
  const ConvShape& r = *strided;
  // In a phase image with fewer pixels than the others the last ones must read as zeros, not as act(bias).
  if (c.out.height % r.stride_y != 0 || c.out.width % r.stride_x != 0) return std::nullopt;
  const Shape in{c.images, c.in_channels * r.stride_y * r.stride_x, r.phase().height, r.phase().width};
  return PhasedConv{r, image_panels(in, b.images().padding(r.phase())), source_of(b, r, n.outputs[0]).layout};
}

Form read_phases(Builder& b, const PhasedConv& p, graph::ValueId x) {
  return moved_to_phases(b, x, p.in, p.reader, false);
}
}  // namespace tulle::plan
