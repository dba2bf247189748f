#include "kernels/resize/kernel.hpp"
#include "ops/resize.hpp"
#include "plan/lowering.hpp"
#include "library/parts.hpp"

namespace tulle::plan {
namespace {
class ResizeStep final : public Step {
 public:
  ResizeStep(ops::Sampling s, Form x, Form y) : sampling_(std::move(s)), x_(std::move(x)), y_(std::move(y)) {}
  void run(const Frame& f) const override {
    library::for_parts(y_.layout, f.threads, [&](Part part) {
      kernel_.run(axis(sampling_.rows), axis(sampling_.columns), x_.layout, f.at(x_.buffer, x_.offset), y_.layout,
                  f.at(y_.buffer, y_.offset), part);
    });
  }

 private:
  resize::Axis axis(const ops::Interpolation& i) const {
    if (!sampling_.linear) return {i.low.data(), nullptr, nullptr};
    return {i.low.data(), i.high.data(), i.weight.data()};
  }
  ops::Sampling sampling_;
  Form x_, y_;
  const resize::Kernel& kernel_ = resize::best(cpu_features());
};

std::optional<ops::Sampling> sampling_of(const Builder& b, const graph::Node& n) {
  std::vector<ops::Argument> arguments;
  for (graph::ValueId id : n.inputs) {
    if (id == graph::kAbsent)
      arguments.push_back({});
    else
      arguments.push_back({true, *b.graph().value(id).type, b.is_constant(id) ? b.graph().value(id).constant.data() : nullptr});
  }
  return ops::sampling_of({n, arguments});
}
}  // namespace

bool lower_resize(Builder& b, const graph::Node& n) {
  if (!n.domain.empty() || (n.op != "Resize" && n.op != "Upsample")) return false;
  const graph::ValueId x = n.inputs[0], y = n.outputs[0];
  const bool on_images = b.find(x, Axes::image) || b.images().wants_planes(y);
  if (!on_images || b.dtype(x) != DType::f32 || element_count(b.shape(x)) == 0 || element_count(b.shape(y)) == 0) return false;
  auto sampling = sampling_of(b, n);
  if (!sampling) return false;
  const Form in = b.any_image(x);
  const Form out = b.make(y, Axes::image, b.image_layout(y, b.images().wants_planes(y) ? Builder::Want::planes : Builder::Want::panels));
  b.layer().kernel = resize::best(cpu_features()).name;
  b.layer().layout = describe(out.layout);
  b.emit(std::make_unique<ResizeStep>(std::move(*sampling), in, out), {in.buffer, out.buffer}, b.layer().kernel);
  return true;
}
}  // namespace tulle::plan
