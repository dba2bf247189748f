// Conv with constant weight -> tulle.Conv with every attribute written out, auto_pad as numbers; and
// Pad(0, spatial) -> tulle.Conv into its pads.
#include <algorithm>

#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
struct Geometry {
  std::vector<Index> kernel, strides, dilations, pads;  ///< pads: all begins, then all ends, as ONNX has them
};

// Pads of SAME_UPPER and SAME_LOWER: as many that the output is ceil(input / stride) wide.
void set_same_pads(Geometry& geometry, const Shape& x, bool more_at_end) {
  const std::size_t axes = geometry.kernel.size();
  for (std::size_t i = 0; i < axes; ++i) {
    const Index in = x[i + 2], stride = geometry.strides[i], out = (in + stride - 1) / stride;
    const Index reach = (geometry.kernel[i] - 1) * geometry.dilations[i] + 1;
    const Index total = std::max<Index>((out - 1) * stride + reach - in, 0);
    geometry.pads[i] = more_at_end ? total / 2 : total - total / 2;
    geometry.pads[i + axes] = total - geometry.pads[i];
  }
}

Geometry geometry_of(const Node& conv, const Shape& x, const Shape& w) {
  const std::size_t axes = w.size() - 2;
  Geometry geometry{Shape(w.begin() + 2, w.end()), conv.ints_attribute("strides", Shape(axes, 1)),
                    conv.ints_attribute("dilations", Shape(axes, 1)),
                    conv.ints_attribute("pads", Shape(axes * 2, 0))};
  const std::string mode = conv.string_attribute("auto_pad", "NOTSET");
  if (mode == "VALID") geometry.pads.assign(axes * 2, 0);
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER") set_same_pads(geometry, x, mode == "SAME_UPPER");
  return geometry;
}

bool has_constant_weight(const Rewriter& r, const Node& conv) {
  return r.is_constant(conv.inputs[1]) && (input(conv, 2) == kAbsent || r.is_constant(conv.inputs[2]));
}

// What Pad adds at both ends of each axis, when it adds zeros to spatial axes only.
std::optional<std::vector<Index>> spatial_zero_pads(const Rewriter& r, const Node& pad, std::size_t rank) {
  if (pad.string_attribute("mode", "constant") != "constant") return std::nullopt;
  const bool zero =
      input(pad, 2) == kAbsent ? pad.float_attribute("value", 0) == 0 : scalar(r, pad.inputs[2]) == 0.0;
  const auto listed = integers_of(r, pad, "pads", 1), axes = integers_of(r, pad, "", 3);
  if (!zero || !listed || !axes) return std::nullopt;
  std::vector<Index> pads = *listed;
  if (!axes->empty()) {
    pads.assign(2 * rank, 0);
    for (std::size_t i = 0; i < axes->size(); ++i) {
      pads[absolute_axis((*axes)[i], rank)] = (*listed)[i];
      pads[absolute_axis((*axes)[i], rank) + rank] = (*listed)[i + axes->size()];
    }
  }
  const bool outside_space = pads[0] || pads[1] || pads[rank] || pads[rank + 1];
  if (outside_space || std::ranges::any_of(pads, [](Index p) { return p < 0; })) return std::nullopt;
  return pads;
}
}  // namespace

void normalize_conv(Rewriter& r) {
  for (int n = 0; n < r.size(); ++n) {
    if (!r.is(n, "Conv") || !has_constant_weight(r, r.node(n))) continue;
    const auto x = r.f32_shape(r.node(n).inputs[0]), w = r.f32_shape(r.node(n).inputs[1]);
    if (!x || !w || !r.f32_shape(r.node(n).outputs[0])) continue;
    const Geometry geometry = geometry_of(r.node(n), *x, *w);
    Node conv = tulle_node("Conv", r.node(n).name, r.node(n).inputs);
    conv.attributes = {{"kernel_shape", geometry.kernel},
                       {"strides", geometry.strides},
                       {"dilations", geometry.dilations},
                       {"pads", geometry.pads},
                       {"group", r.node(n).int_attribute("group", 1)}};
    r.note(conv.name);
    r.replace(n, std::move(conv));
  }
}

void fold_pad(Rewriter& r) {
  for (int n = 0; n < r.size(); ++n) {
    if (!r.is(n, "Conv", "tulle")) continue;
    const int pad = r.maker(r.node(n).inputs[0], "Pad");
    if (pad == kNobody) continue;
    const std::size_t rank = r.f32_shape(r.node(n).inputs[0])->size(), axes = rank - 2;
    const auto added = spatial_zero_pads(r, r.node(pad), rank);
    if (!added) continue;
    Node conv = r.node(n);
    conv.inputs[0] = r.node(pad).inputs[0];
    std::vector<Index> pads = conv.ints_attribute("pads");
    for (std::size_t i = 0; i < axes; ++i) {
      pads[i] += (*added)[i + 2];
      pads[i + axes] += (*added)[rank + i + 2];
    }
    conv.attributes["pads"] = pads;
    r.note(conv.name);
    r.replace(n, std::move(conv));
  }
}
}  // namespace tulle::passes
