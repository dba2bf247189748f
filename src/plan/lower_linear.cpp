#include <map>
#include "plan/lowering.hpp"
#include "plan/product.hpp"

namespace tulle::plan {
Activation activation_of(const graph::Node& n) {
  static const std::map<std::string, ActivationKind> kinds = {
      {"none", ActivationKind::none},           {"relu", ActivationKind::relu},
      {"clip", ActivationKind::clip},           {"leaky_relu", ActivationKind::leaky_relu},
      {"gelu", ActivationKind::gelu},           {"gelu_tanh", ActivationKind::gelu_tanh},
      {"sigmoid", ActivationKind::sigmoid},     {"silu", ActivationKind::silu},
      {"hard_sigmoid", ActivationKind::hard_sigmoid}, {"hard_swish", ActivationKind::hard_swish},
      {"tanh", ActivationKind::tanh},           {"elu", ActivationKind::elu}};
  const std::string name = n.string_attribute("activation", "none");
  const auto found = kinds.find(name);
  if (found == kinds.end()) throw Error("node '" + n.name + "'", "has the unknown activation '" + name + "'");
  return {found->second, n.float_attribute("alpha", 0), n.float_attribute("beta", 0)};
}

bool lower_linear(Builder& b, const graph::Node& n) {
  if (n.domain != "tulle" || n.op != "Linear" || b.dtype(n.inputs[0]) != DType::f32) return false;
  const Tensor& w = b.graph().value(n.inputs[1]).constant;
  const auto input = [&](std::size_t i) { return i < n.inputs.size() ? n.inputs[i] : graph::kAbsent; };
  if (w.empty() || (input(2) != graph::kAbsent && !b.is_constant(input(2)))) return false;
  const Index count = element_count(b.shape(n.outputs[0]));
  const Shape& x = b.shape(n.inputs[0]);
  if (count == 0 || (x.size() == 4 && x[2] == 1 && x[3] == 1)) return false;  // would read as single pixels
  const bool transposed = n.int_attribute("transposed", 0) != 0;
  const Index rows = w.shape()[transposed ? 1 : 0], cols = w.shape()[transposed ? 0 : 1];
  DenseLayer d{.x = n.inputs[0], .y = n.outputs[0], .residual = input(3), .weight = w.as<float>().data(),
               .transposed = transposed, .rows = rows, .cols = cols, .n = count / rows, .activation = activation_of(n)};
  if (input(2) != graph::kAbsent) d.bias = b.graph().value(input(2)).constant.as<float>();
  add_dense_layer(b, d);
  return true;
}
}  // namespace tulle::plan
