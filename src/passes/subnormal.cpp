// Weights below the smallest normal number become zeros. Weight decay leaves such numbers where nothing was
// learned; the processor takes some hundred cycles for each product with one, and all of them together, times
// activations of any size that a network has, stay below 1e-30.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
bool is_subnormal(float x) {
  return x != 0 && std::abs(x) < std::numeric_limits<float>::min();
}

/// The weight of a product among its node's inputs; null for other nodes.
ValueId* weight_of(Node& n) {
  if (n.domain != "tulle") return nullptr;
  if (n.op == "Linear" || n.op == "Conv") return &n.inputs[1];
  return n.op == "LSTM" || n.op == "GRU" ? &n.inputs[2] : nullptr;
}
}  // namespace

void drop_subnormal_weights(Rewriter& r) {
  std::map<ValueId, ValueId> cleaned;
  for (int n = 0; n < r.size(); ++n) {
    if (!r.alive(n)) continue;
    Node node = r.node(n);
    ValueId* weight = weight_of(node);
    if (!weight || !r.is_constant(*weight) || r.constant_of(*weight).dtype() != DType::f32) continue;
    const auto values = r.constant_of(*weight).as<float>();
    if (std::ranges::none_of(values, is_subnormal)) continue;
    auto known = cleaned.find(*weight);
    if (known == cleaned.end()) {
      Tensor normal = Tensor::copy(r.constant_of(*weight).view());
      std::ranges::replace_if(normal.as_mutable<float>(), is_subnormal, 0.0f);
      known = cleaned.emplace(*weight, r.constant(r.name_of(*weight) + ".normal", std::move(normal))).first;
    }
    *weight = known->second;
    r.note(node.name);
    r.replace(n, std::move(node));
  }
}
}  // namespace tulle::passes
