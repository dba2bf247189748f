#include <algorithm>
#include "plan/convert.hpp"
#include "plan/lowering.hpp"
#include "library/parts.hpp"

namespace tulle::plan {
namespace {
/// Zeros in every tile of an image.
class ClearStep final : public Step {
 public:
  explicit ClearStep(Form y) : y_(std::move(y)) {}
  void run(const Frame& f) const override {
    const Layout& l = y_.layout;
    library::for_parts(l, f.threads, [&](Part part) {
      for (Index g = part.first_group; g < part.last_group; ++g)
        for (Index t = part.first_tile; t < part.last_tile; ++t)
          for (Index c = 0; c < l.features; ++c) std::fill_n(f.at(y_.buffer, y_.offset + l.at(g, c, 0, 0) + t * l.tile_stride), kLanes, 0.0f);
    });
  }

 private:
  Form y_;
};

// Channels added before and behind, when the node adds zeros to channels alone.
struct Channels {
  Index before = 0, behind = 0;
};
std::optional<Channels> zero_channels(const Builder& b, const graph::Node& n) {
  const auto given = [&](std::size_t i) { return i < n.inputs.size() && n.inputs[i] != graph::kAbsent; };
  const auto constant = [&](std::size_t i) -> const Tensor& { return b.graph().value(n.inputs[i]).constant; };
  if (n.string_attribute("mode", "constant") != "constant" || given(3)) return std::nullopt;
  if ((given(1) && !b.is_constant(n.inputs[1])) || (given(2) && !b.is_constant(n.inputs[2]))) return std::nullopt;
  if ((given(2) ? constant(2).as<float>()[0] : n.float_attribute("value", 0)) != 0) return std::nullopt;
  std::vector<Index> pads = n.ints_attribute("pads");
  if (given(1)) pads.assign(constant(1).as<Index>().begin(), constant(1).as<Index>().end());
  if (pads.size() != 8 || pads[1] < 0 || pads[5] < 0) return std::nullopt;
  for (std::size_t i : {0, 2, 3, 4, 6, 7})
    if (pads[i] != 0) return std::nullopt;
  return Channels{pads[1], pads[5]};
}
}  // namespace

// Shortcuts that gain channels: the input is moved to its part of the output.
bool lower_pad(Builder& b, const graph::Node& n) {
  if (!n.domain.empty() || n.op != "Pad" || b.dtype(n.inputs[0]) != DType::f32) return false;
  const graph::ValueId x = n.inputs[0], y = n.outputs[0];
  const auto added = b.shape(x).size() == 4 && b.find(x, Axes::image) ? zero_channels(b, n) : std::nullopt;
  if (!added) return false;
  const Form in = *b.find(x, Axes::image);
  const Form out = b.make(y, Axes::image, b.image_layout(y, b.images().wants_planes(y) ? Builder::Want::planes : Builder::Want::panels));
  const auto part = [&](Index first, Index features) {
    Form f = out;
    f.layout.features = features;
    f.offset += first * out.layout.feature_stride;
    return f;
  };
  const Index features = in.layout.features;
  b.layer().kernel = "pad";
  b.layer().layout = describe(out.layout);
  b.emit(convert_step(in, part(added->before, features)), {in.buffer, out.buffer}, "pad");
  if (added->before) b.emit(std::make_unique<ClearStep>(part(0, added->before)), {out.buffer}, "zeros");
  if (added->behind) b.emit(std::make_unique<ClearStep>(part(added->before + features, added->behind)), {out.buffer}, "zeros");
  return true;
}
}  // namespace tulle::plan
