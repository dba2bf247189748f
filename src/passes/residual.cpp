// Add(y, other) with y = tulle.Linear or tulle.Conv -> that node with `other` as its residual.
#include "passes/activation.hpp"
#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
bool takes_residual(const Rewriter& r, ValueId id) {
  const int n = r.read_once(id) ? r.maker(id) : kNobody;
  const bool product = r.is(n, "Linear", "tulle") || r.is(n, "Conv", "tulle");
  return product && input(r.node(n), 3) == kAbsent && !has_activation(r.node(n));
}

// Of two candidates the one computed later: the other's result is then just waiting.
ValueId product_of_sum(const Rewriter& r, const Node& sum) {
  const ValueId a = sum.inputs[0], b = sum.inputs[1];
  if (a == b) return kAbsent;
  const bool first = takes_residual(r, a), second = takes_residual(r, b);
  if (first && second) return r.maker(a) > r.maker(b) ? a : b;
  return first ? a : second ? b : kAbsent;
}
}  // namespace

void fuse_residual(Rewriter& r) {
  for (int n = 0; n < r.size(); ++n) {
    if (!r.is(n, "Add")) continue;
    const ValueId y = product_of_sum(r, r.node(n));
    if (y == kAbsent) continue;
    const ValueId residual = other_of(r.node(n).inputs, y);
    const auto shape = r.f32_shape(y);
    if (!shape || r.f32_shape(residual) != shape) continue;
    Node fused = r.node(r.maker(y));
    fused.inputs.resize(4, kAbsent);
    fused.inputs[3] = residual;
    r.note(fused.name);
    r.replace(n, std::move(fused));
  }
}
}  // namespace tulle::passes
