// Relu, Clip(0, 6), HardSwish, ... -> tulle.Activation, so that later passes see one form; and those nodes
// into the tulle.Linear or tulle.Conv whose only reader they are.
#include "passes/activation.hpp"

#include <limits>

#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
using Limits = std::numeric_limits<float>;

std::optional<ActivationSpec> clip(const Rewriter& r, const Node& node) {
  const auto bound = [&](std::string_view attribute, std::size_t i, float otherwise) -> std::optional<float> {
    if (node.has_attribute(attribute)) return node.float_attribute(attribute, otherwise);
    if (input(node, i) == kAbsent) return otherwise;
    const auto value = scalar(r, node.inputs[i]);
    return value ? std::optional(static_cast<float>(*value)) : std::nullopt;
  };
  const auto low = bound("min", 1, Limits::lowest()), high = bound("max", 2, Limits::max());
  if (!low || !high) return std::nullopt;
  if (*low == 0 && *high >= Limits::max()) return ActivationSpec{"relu"};
  return ActivationSpec{"clip", *low, *high};
}

std::optional<ActivationSpec> by_name(const Rewriter& r, const Node& node) {
  const auto number = [&](std::string_view key, float otherwise) {
    return node.float_attribute(key, otherwise);
  };
  if (node.op == "Relu") return ActivationSpec{"relu"};
  if (node.op == "Clip") return clip(r, node);
  if (node.op == "LeakyRelu") return ActivationSpec{"leaky_relu", number("alpha", 0.01f)};
  if (node.op == "Sigmoid") return ActivationSpec{"sigmoid"};
  if (node.op == "HardSigmoid")
    return ActivationSpec{"hard_sigmoid", number("alpha", 0.2f), number("beta", 0.5f)};
  if (node.op == "HardSwish") return ActivationSpec{"hard_swish"};
  if (node.op == "Tanh") return ActivationSpec{"tanh"};
  if (node.op == "Elu") return ActivationSpec{"elu", number("alpha", 1)};
  if (node.op == "Gelu")
    return ActivationSpec{node.string_attribute("approximate", "none") == "tanh" ? "gelu_tanh" : "gelu"};
  if (node.op == "PRelu")
    if (const auto slope = scalar(r, input(node, 1)))
      return ActivationSpec{"leaky_relu", static_cast<float>(*slope)};
  return std::nullopt;
}
}  // namespace

ActivationSpec activation_of(const Node& node) {
  return {node.string_attribute("activation", "none"), node.float_attribute("alpha", 0),
          node.float_attribute("beta", 0)};
}
void set_activation(Node& node, const ActivationSpec& spec) {
  node.attributes["activation"] = spec.kind;
  node.attributes["alpha"] = spec.alpha;
  node.attributes["beta"] = spec.beta;
}
bool has_activation(const Node& node) {
  return node.string_attribute("activation", "none") != "none";
}

std::optional<ActivationSpec> as_activation(const Rewriter& r, int n) {
  if (n == kNobody || !r.alive(n)) return std::nullopt;
  const Node& node = r.node(n);
  if (node.domain == "tulle" && node.op == "Activation") return activation_of(node);
  if (!node.domain.empty() || node.inputs.empty() || !r.f32_shape(node.inputs[0])) return std::nullopt;
  // A slope that broadcasts the other way would enlarge the output.
  if (r.type(node.outputs[0]) != r.type(node.inputs[0])) return std::nullopt;
  return by_name(r, node);
}
std::optional<ActivationSpec> made_by_activation(const Rewriter& r, ValueId id) {
  return as_activation(r, r.maker(id));
}

void name_activations(Rewriter& r) {
  for (int n = 0; n < r.size(); ++n) {
    const auto spec = as_activation(r, n);
    if (!spec || !r.node(n).domain.empty()) continue;
    Node activation = tulle_node("Activation", r.node(n).name, {r.node(n).inputs[0]});
    set_activation(activation, *spec);
    r.note(activation.name);
    r.replace(n, std::move(activation));
  }
}

void fuse_activation(Rewriter& r) {
  for (int n = 0; n < r.size(); ++n) {
    if (!r.is(n, "Activation", "tulle")) continue;
    const ValueId x = r.node(n).inputs[0];
    const int product = r.maker(x);
    if (!r.is(product, "Linear", "tulle") && !r.is(product, "Conv", "tulle")) continue;
    if (!r.read_once(x) || has_activation(r.node(product))) continue;
    Node fused = r.node(product);
    set_activation(fused, activation_of(r.node(n)));
    r.note(fused.name);
    r.replace(n, std::move(fused));
  }
}
}  // namespace tulle::passes
