#include <algorithm>
#include <array>
#include "plan/lowering.hpp"

namespace tulle::plan {
namespace {
constexpr std::array<std::string_view, 5> kViews = {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"};
}

// The same bytes under another shape: the output is its input's row-major buffer. Panels survive where tokens and
// features stay what they were, e.g. [1, S, F] -> [S, F].
bool lower_view(Builder& b, const graph::Node& n) {
  if (!n.domain.empty() || std::find(kViews.begin(), kViews.end(), n.op) == kViews.end()) return false;
  const graph::ValueId x = n.inputs[0], y = n.outputs[0];
  b.layer().kernel = "view";
  if (const Form* f = b.find(x, Axes::tokens);
      f && !b.has_rows(x) && f->layout == b.token_layout(y) && b.token_layout(x) == b.token_layout(y)) {
    b.layer().layout = describe(f->layout);
    b.alias(y, *f);
    return true;
  }
  b.layer().layout = "rows";
  b.alias_rows(y, b.rows(x));
  return true;
}
}  // namespace tulle::plan
