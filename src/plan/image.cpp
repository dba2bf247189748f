#include "plan/image.hpp"
#include <algorithm>
#include "formats/layout.hpp"

namespace tulle::plan {
using graph::Graph;
using graph::Node;

namespace {
Index floor_div(Index a, Index b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }
Index ceil_div(Index a, Index b) { return (a + b - 1) / b; }

// How far the taps of one axis reach before the first and behind the last row of a phase image.
struct Reach {
  Index before = 0, behind = 0;
};
Reach reach(Index kernel, Index dilation, Index pad, Index stride, Index out, Index phase_size) {
  Reach r;
  for (Index k = 0; k < kernel; ++k) {
    const Index shift = ConvShape::shift_of(k, dilation, pad, stride);
    r.before = std::max(r.before, -shift);
    r.behind = std::max(r.behind, shift + out - phase_size);
  }
  return r;
}

bool passes_through(const Node& n) {
  if (n.domain == "tulle") return n.op == "Activation";
  return n.op == "Add" || n.op == "Mul" || n.op == "Sub" || n.op == "Concat" || n.op == "PRelu";
}
bool is_pool(const Node& n) { return n.domain.empty() && (n.op == "MaxPool" || n.op == "AveragePool"); }
}  // namespace

Index ConvShape::phase_of(Index k, Index dilation, Index pad, Index stride) {
  const Index at = k * dilation - pad;
  return at - floor_div(at, stride) * stride;
}
Index ConvShape::shift_of(Index k, Index dilation, Index pad, Index stride) {
  return floor_div(k * dilation - pad, stride);
}
Resolution ConvShape::phase() const { return {ceil_div(in.height, stride_y), ceil_div(in.width, stride_x)}; }
bool ConvShape::aligned() const {
  for (Index k = 0; k < kernel_y; ++k)
    if (shift_of(k, dilation_y, pad_top, stride_y) != 0) return false;
  for (Index k = 0; k < kernel_x; ++k)
    if (shift_of(k, dilation_x, pad_left, stride_x) != 0) return false;
  return out == phase();
}

namespace {
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
    const Resolution phase = c.phase();
    const Reach y = reach(c.kernel_y, c.dilation_y, c.pad_top, c.stride_y, c.out.height, phase.height);
    const Reach x = reach(c.kernel_x, c.dilation_x, c.pad_left, c.stride_x, c.out.width, phase.width);
    need(phase, std::max(x.before, x.behind), y.before, y.behind);
    join(phase, c.out);
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

// Rows that begin at multiples of 16 lanes, or divide them, where that costs no tile (14 x 14: 16 instead of 15): then
// the idle lanes of all tiles lie alike, and dense_channels leaves them out.
void ImageAnalysis::align_pitches() {
  const auto aligned = [](Index pitch) {
    Index lanes = pitch > kLanes ? ceil_div(pitch, kLanes) * kLanes : 1;
    while (lanes < pitch) lanes *= 2;
    return lanes;
  };
  std::map<Resolution, Index> pitches;
  for (const auto& [owner, pitch] : pitch_) pitches[owner] = aligned(pitch);
  for (const auto& need : needs_) {
    const Resolution owner = root(need.first);
    const auto tiles = [&](Index pitch) { return ceil_div(need.first.height * pitch, kLanes); };
    if (tiles(aligned(pitch_[owner])) > tiles(pitch_[owner])) pitches.erase(owner);
  }
  for (const auto& [owner, pitch] : pitches) pitch_[owner] = pitch;
}

void ImageAnalysis::need(Resolution r, Index gap, Index above, Index below) {
  Padding& p = needs_[r];
  p.gap = std::max(p.gap, gap);
  p.above = std::max(p.above, above);
  p.below = std::max(p.below, below);
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
