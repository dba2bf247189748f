// Reshape, Flatten, Squeeze, Unsqueeze in a row -> one Reshape, or nothing; Transpose of Transpose -> one, or
// nothing.
#include <algorithm>
#include <numeric>

#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
bool is_view(const Rewriter& r, int n) {
  return r.is(n, "Reshape") || r.is(n, "Flatten") || r.is(n, "Squeeze") || r.is(n, "Unsqueeze");
}

void join_reshapes(Rewriter& r, int n) {
  const int before = r.maker(r.node(n).inputs[0]);
  if (!is_view(r, before)) return;
  const ValueId source = r.node(before).inputs[0], out = r.node(n).outputs[0];
  const auto type = r.type(out);
  if (!type || !r.type(source)) return;
  const std::string name = r.node(n).name;
  if (type == r.type(source)) {
    if (r.forward(out, source)) r.note(name);
  } else if (std::ranges::find(type->shape, 0) == type->shape.end()) {  // a 0 in Reshape's shape means "copy"
    r.note(name);
    r.replace(n, reshape_node(r, name, source, type->shape));
  }
}

std::vector<Index> permutation(const Node& transpose, std::size_t rank) {
  std::vector<Index> reversed(rank);
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  return transpose.ints_attribute("perm", reversed);
}

void join_transposes(Rewriter& r, int n) {
  const int before = r.maker(r.node(n).inputs[0], "Transpose");
  const auto type = r.type(r.node(n).outputs[0]);
  if (before == kNobody || !type) return;
  const auto inner = permutation(r.node(before), type->shape.size());
  auto perm = permutation(r.node(n), type->shape.size());
  for (Index& axis : perm) axis = inner[static_cast<std::size_t>(axis)];
  const ValueId source = r.node(before).inputs[0];
  const std::string name = r.node(n).name;
  if (std::ranges::is_sorted(perm)) {
    if (r.forward(r.node(n).outputs[0], source)) r.note(name);
  } else {
    Node joined{.name = name, .op = "Transpose", .version = 13, .inputs = {source}};
    joined.attributes["perm"] = perm;
    r.note(name);
    r.replace(n, std::move(joined));
  }
}

// tulle.Linear works on X [..., K]: exporters that know only Gemm flatten X to two dimensions around it.
void lift_linear(Rewriter& r, int n) {
  const ValueId y = r.node(n).inputs[0], out = r.node(n).outputs[0];
  const int linear = r.read_once(y) ? r.maker(y, "Linear", "tulle") : kNobody;
  if (linear == kNobody || input(r.node(linear), 3) != kAbsent) return;
  const int flatten = r.maker(r.node(linear).inputs[0]);
  if (!is_view(r, flatten)) return;
  const ValueId x = r.node(flatten).inputs[0];
  const auto from = r.f32_shape(x), to = r.f32_shape(out), flat = r.f32_shape(r.node(linear).inputs[0]);
  const auto product = r.f32_shape(y);
  if (!from || !to || !flat || !product || from->size() != to->size() || from->size() < 2) return;
  const bool same_rows = std::equal(from->begin(), from->end() - 1, to->begin());
  if (!same_rows || from->back() != flat->back() || to->back() != product->back()) return;
  Node lifted = r.node(linear);
  lifted.inputs[0] = x;
  r.note(lifted.name);
  r.replace(n, std::move(lifted));
}
}  // namespace

void join_views(Rewriter& r) {
  for (int n = 0; n < r.size(); ++n) {
    if (is_view(r, n)) lift_linear(r, n);
    if (is_view(r, n)) join_reshapes(r, n);
    if (r.is(n, "Transpose")) join_transposes(r, n);
  }
}
}  // namespace tulle::passes
