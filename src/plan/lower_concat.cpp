#include "plan/convert.hpp"
#include "plan/lowering.hpp"

namespace tulle::plan {
// Images along their channels: the inputs that could not be made in place (Builder::make) are moved to their part.
bool lower_concat(Builder& b, const graph::Node& n) {
  if (!b.is_feature_concat(n)) return false;
  bool some = false;
  for (graph::ValueId x : n.inputs) some = some || b.find(x, Axes::image);
  if (!some) return false;
  const Form out = b.concat_form(n);
  Index feature = 0;
  for (graph::ValueId x : n.inputs) {
    Form part = out;
    part.layout.features = b.shape(x)[1];
    part.offset += feature * out.layout.feature_stride;
    feature += part.layout.features;
    const Form* made = b.find(x, Axes::image);
    if (made && made->buffer == out.buffer && made->offset == part.offset) continue;
    const Form from = b.any_image(x);
    b.emit(convert_step(from, part), {from.buffer, part.buffer}, "convert " + describe(from.layout) + " -> " + describe(part.layout));
  }
  b.layer().kernel = "concat";
  b.layer().layout = describe(out.layout);
  return true;
}
}  // namespace tulle::plan
