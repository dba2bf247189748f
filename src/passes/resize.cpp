// tulle.Conv 1x1 (Resize(x)) -> Resize(tulle.Conv(x)): interpolation and a product of channels do not mix, and the
// product has fewer pixels to do. The weights of an interpolation add up to 1, so the bias stays what it is.
#include <algorithm>

#include "ops/resize.hpp"
#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
bool is_pointwise(const Rewriter& r, const Node& conv) {
  const auto all = [&](const char* key, Index value) {
    return std::ranges::all_of(conv.ints_attribute(key), [&](Index i) { return i == value; });
  };
  const Shape weight = r.f32_shape(conv.inputs[1]).value_or(Shape{});
  return weight.size() == 4 && weight[2] == 1 && weight[3] == 1 && all("strides", 1) && all("pads", 0) && conv.inputs.size() <= 3 &&
         conv.string_attribute("activation", "none") == "none";
}

bool interpolates(const Rewriter& r, const Node& resize) {
  std::vector<ops::Argument> arguments;
  for (ValueId id : resize.inputs) {
    const auto type = r.type(id);
    if (id != kAbsent && !type) return false;
    arguments.push_back(type ? ops::Argument{true, *type, r.is_constant(id) ? r.constant_of(id).data() : nullptr} : ops::Argument{});
  }
  return r.f32_shape(resize.inputs[0]) && ops::sampling_of({resize, arguments}).has_value();
}

/// The same Resize of a tensor with so many channels: where it names all sizes, that of axis 1 changes.
void set_channels(Rewriter& r, Node& resize, Index channels) {
  if (input(resize, 3) == kAbsent) return;
  const auto sizes = *integers(r, resize.inputs[3]);
  const auto axes = resize.ints_attribute("axes", {0, 1, 2, 3});
  Tensor changed = Tensor::of<Index>(DType::i64, {static_cast<Index>(sizes.size())}, std::span<const Index>(sizes));
  for (std::size_t i = 0; i < sizes.size(); ++i)
    if (absolute_axis(axes[i], 4) == 1) changed.as_mutable<Index>()[i] = channels;
  resize.inputs[3] = r.constant(resize.name + "/sizes", std::move(changed));
}
}  // namespace

void move_resize(Rewriter& r) {
  for (int n = 0; n < r.size(); ++n) {
    if (!r.alive(n) || !r.is(n, "Conv", "tulle") || !is_pointwise(r, r.node(n))) continue;
    const ValueId resized = r.node(n).inputs[0];
    int maker = r.maker(resized, "Resize");
    if (maker == kNobody) maker = r.maker(resized, "Upsample");
    if (maker == kNobody || !r.read_once(resized) || !interpolates(r, r.node(maker))) continue;
    const auto small = r.f32_shape(r.node(maker).inputs[0]), large = r.f32_shape(resized), out = r.f32_shape(r.node(n).outputs[0]);
    if (!small || !large || !out || (*small)[2] * (*small)[3] >= (*large)[2] * (*large)[3]) continue;
    Node conv = r.node(n), resize = r.node(maker);
    conv.inputs[0] = resize.inputs[0];
    set_channels(r, resize, (*out)[1]);
    resize.inputs[0] = r.insert_before(n, std::move(conv), {DType::f32, {(*small)[0], (*out)[1], (*small)[2], (*small)[3]}});
    r.note(resize.name);
    r.replace(n, std::move(resize));
  }
}
}  // namespace tulle::passes
