#pragma once
#include <optional>

#include "passes/rewriter.hpp"

namespace tulle::passes {
/// An elementwise function as the attributes of "tulle" nodes spell it; kernels/activation.hpp says what the
/// numbers mean.
struct ActivationSpec {
  std::string kind = "none";
  float alpha = 0, beta = 0;
};
ActivationSpec activation_of(const Node& tulle_node);
void set_activation(Node& tulle_node, const ActivationSpec&);
bool has_activation(const Node& tulle_node);

/// What a node of ai.onnx computes from its first input, if it is one of the activations: Relu, Clip by
/// constants, LeakyRelu, PRelu with one slope, Sigmoid, HardSigmoid, HardSwish, Tanh, Elu, Gelu.
std::optional<ActivationSpec> as_activation(const Rewriter&, int n);
/// The same when node n makes `id`; nullopt otherwise.
std::optional<ActivationSpec> made_by_activation(const Rewriter&, ValueId id);
}  // namespace tulle::passes
