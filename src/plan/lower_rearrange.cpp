#include <algorithm>
#include "plan/conv_source.hpp"
#include "plan/convert.hpp"
#include "plan/lowering.hpp"

namespace tulle::plan {
namespace {
bool is_image_reader(const Builder& b, const graph::Node& n) {
  return is_image_conv(b.graph(), n) || n.op == "MaxPool" || n.op == "AveragePool";
}

// [N, H, W, C] to [N, C, H, W]: where image networks of channels-last frameworks begin.
bool lower_to_channels_first(Builder& b, graph::ValueId x, graph::ValueId y) {
  const auto readers = b.readers(y);
  const bool wanted = std::any_of(readers.begin(), readers.end(), [&](const graph::Node* r) { return is_image_reader(b, *r); });
  if (!wanted || !b.has_rows(x)) return false;
  const Form in{Axes::image, channels_last(b.shape(y)), b.rows(x), 0};
  const Form out = b.make(y, Axes::image, b.image_layout(y, b.images().wants_planes(y) ? Builder::Want::planes : Builder::Want::panels));
  b.layer().layout = describe(out.layout);
  b.emit(convert_step(in, out), {in.buffer, out.buffer}, "transpose");
  return true;
}

// [N, C, H, W] to [N, H, W, C]: where they end.
bool lower_to_channels_last(Builder& b, graph::ValueId x, graph::ValueId y) {
  if (!b.find(x, Axes::image)) return false;
  const Form in = *b.find(x, Axes::image);
  const Form out{Axes::image, channels_last(b.shape(x)), b.make_rows(y), 0};
  b.layer().layout = "rows";
  b.emit(convert_step(in, out), {in.buffer, out.buffer}, "transpose");
  return true;
}

bool lower_transpose(Builder& b, const graph::Node& n) {
  const std::vector<Index> order = n.ints_attribute("perm");
  const graph::ValueId x = n.inputs[0], y = n.outputs[0];
  if (b.dtype(x) != DType::f32 || element_count(b.shape(x)) == 0) return false;
  b.layer().kernel = "transpose";
  if (order == std::vector<Index>{0, 3, 1, 2}) return lower_to_channels_first(b, x, y);
  return order == std::vector<Index>{0, 2, 3, 1} && lower_to_channels_last(b, x, y);
}

// A convolution of the block's stride reads phase images, and those are the input's own channels.
bool lower_depth_to_space(Builder& b, const graph::Node& n) {
  const graph::ValueId x = n.inputs[0], y = n.outputs[0];
  const Index block = n.int_attribute("blocksize", 0), phases = block * block;
  const auto readers = b.readers(y);
  if (b.is_output(y) || readers.empty() || b.dtype(x) != DType::f32) return false;
  for (const graph::Node* r : readers)
    if (const auto c = phase_reader(b, *r); r->inputs[0] != y || !c || c->stride_y != block || c->stride_x != block) return false;
  Form form = b.image(x, Builder::Want::planes);
  form.axes = Axes::phases;
  form.phase_stride = n.string_attribute("mode", "DCR") == "DCR" ? form.layout.features / phases : 1;
  b.layer().kernel = "view";
  b.layer().layout = describe(form.layout);
  b.alias(y, form);
  return true;
}
}  // namespace

bool lower_rearrange(Builder& b, const graph::Node& n) {
  if (!n.domain.empty()) return false;
  return (n.op == "Transpose" && lower_transpose(b, n)) || (n.op == "DepthToSpace" && lower_depth_to_space(b, n));
}
}  // namespace tulle::plan
