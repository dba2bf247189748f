#include "plan/image.hpp"
#include <algorithm>
#include "formats/layout.hpp"

namespace tulle::plan {
using graph::Graph;
using graph::Node;

namespace {
bool passes_through(const Node& n) {
  if (n.domain == "tulle") return n.op == "Activation";
  return n.op == "Add" || n.op == "Mul" || n.op == "Sub" || n.op == "Concat" || n.op == "PRelu";
}
bool is_pool(const Node& n) { return n.domain.empty() && (n.op == "MaxPool" || n.op == "AveragePool"); }

void set_padding(const Node& n, ConvShape& c, bool flat) {
  const std::string automatic = n.string_attribute("auto_pad", "NOTSET");
  if (automatic == "VALID") return;
  if (automatic == "NOTSET") {
    const auto pads = n.ints_attribute("pads", flat ? std::vector<Index>{0, 0} : std::vector<Index>{0, 0, 0, 0});
    c.pad_left = pads[flat ? 0 : 1];
    c.pad_right = pads[flat ? 1 : 3];
    if (!flat) c.pad_top = pads[0], c.pad_bottom = pads[2];
    return;
  }
  const auto total = [](Index in, Index out, Index kernel, Index stride, Index dilation) {
    return std::max<Index>(0, (out - 1) * stride + (kernel - 1) * dilation + 1 - in);
  };
  const Index y = total(c.in.height, c.out.height, c.kernel_y, c.stride_y, c.dilation_y);
  const Index x = total(c.in.width, c.out.width, c.kernel_x, c.stride_x, c.dilation_x);
  const bool upper = automatic == "SAME_UPPER";
  c.pad_top = upper ? y / 2 : y - y / 2;
  c.pad_bottom = y - c.pad_top;
  c.pad_left = upper ? x / 2 : x - x / 2;
  c.pad_right = x - c.pad_left;
}
}  // namespace

ConvShape conv_shape(const Graph& g, const Node& n) {
  const Shape& x = g.value(n.inputs[0]).type->shape;
  const Shape& w = g.value(n.inputs[1]).type->shape;
  const Shape& y = g.value(n.outputs[0]).type->shape;
  const bool flat = x.size() == 3;
  ConvShape c;
  c.images = x[0];
  c.groups = n.int_attribute("group", 1);
  c.in_channels = x[1];
  c.out_channels = y[1];
  c.kernel_y = flat ? 1 : w[2];
  c.kernel_x = w.back();
  c.in = {flat ? 1 : x[2], x.back()};
  c.out = {flat ? 1 : y[2], y.back()};
  const std::vector<Index> ones(x.size() - 2, 1);
  const auto strides = n.ints_attribute("strides", ones), dilations = n.ints_attribute("dilations", ones);
  c.stride_y = flat ? 1 : strides[0];
  c.stride_x = strides.back();
  c.dilation_y = flat ? 1 : dilations[0];
  c.dilation_x = dilations.back();
  set_padding(n, c, flat);
  return c;
}

namespace {
// Windows that reach farther than this would make planes of zeros; the operator itself serves them.
constexpr Index kFarthestReach = 4096;

bool reaches_near(const ConvShape& c) {
  for (Index pad : {c.pad_top, c.pad_left, c.pad_bottom, c.pad_right})
    if (pad > kFarthestReach || pad < -kFarthestReach) return false;
  return c.dilation_y <= kFarthestReach && c.dilation_x <= kFarthestReach &&
         (c.kernel_y - 1) * c.dilation_y <= kFarthestReach && (c.kernel_x - 1) * c.dilation_x <= kFarthestReach;
}
}  // namespace

bool is_image_conv(const Graph& g, const Node& n) {
  if (n.domain != "tulle" || n.op != "Conv" || !g.is_constant(n.inputs[1])) return false;
  const auto rank = g.value(n.inputs[0]).type->shape.size();
  if ((rank != 3 && rank != 4) || g.value(n.inputs[0]).type->dtype != DType::f32) return false;
  return reaches_near(conv_shape(g, n));
}

ImageAnalysis::ImageAnalysis(const Graph& g) : planes_(g.values.size(), false) {
  for (const Node& n : g.nodes) {
    if (!is_image_conv(g, n)) continue;
    const ConvShape c = conv_shape(g, n);
    need(c.phase(), c.padding());
    join(c.phase(), c.out);
  }
  for (const auto& [resolution, padding] : needs_) {
    Index& pitch = pitch_[root(resolution)];
    pitch = std::max(pitch, resolution.width + padding.gap);
  }
  align_pitches();
  for (std::size_t i = g.nodes.size(); i-- > 0;) {  // readers first: wishes pass through element-wise nodes
    const Node& n = g.nodes[i];
    const bool wish = is_pool(n) || (is_image_conv(g, n) && !conv_shape(g, n).aligned()) ||
                      (passes_through(n) && planes_[static_cast<std::size_t>(n.outputs[0])]);
    if (!wish) continue;
    const std::size_t count = passes_through(n) ? n.inputs.size() : 1;
    for (std::size_t k = 0; k < count; ++k)
      if (n.inputs[k] != graph::kAbsent) planes_[static_cast<std::size_t>(n.inputs[k])] = true;
  }
}

// Aligned pitches where they cost no tile (14 x 14: 16 instead of 15): dense_channels leaves idle lanes out.
void ImageAnalysis::align_pitches() {
  std::map<Resolution, Index> pitches;
  for (const auto& [owner, pitch] : pitch_) pitches[owner] = aligned_pitch(pitch);
  for (const auto& need : needs_) {
    const Resolution owner = root(need.first);
    const auto tiles = [&](Index pitch) { return (need.first.height * pitch + kLanes - 1) / kLanes; };
    if (tiles(aligned_pitch(pitch_[owner])) > tiles(pitch_[owner])) pitches.erase(owner);
  }
  for (const auto& [owner, pitch] : pitches) pitch_[owner] = pitch;
}

void ImageAnalysis::need(Resolution r, const Padding& more) {
  Padding& p = needs_[r];
  p.gap = std::max(p.gap, more.gap);
  p.above = std::max(p.above, more.above);
  p.below = std::max(p.below, more.below);
}

Resolution ImageAnalysis::root(Resolution r) const {
  for (auto it = parent_.find(r); it != parent_.end(); it = parent_.find(r)) r = it->second;
  return r;
}

void ImageAnalysis::join(Resolution a, Resolution b) {
  needs_[a], needs_[b];
  a = root(a), b = root(b);
  if (a != b) parent_[a] = b;
}

Padding ImageAnalysis::padding(Resolution r) const {
  const auto it = needs_.find(r);
  if (it == needs_.end()) return {0, 0, 0, r.width};
  Padding p = it->second;
  p.pitch = pitch_.at(root(r));
  return p;
}
}  // namespace tulle::plan
