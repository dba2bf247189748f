// LSTM and GRU with constant weights -> tulle.Linear for X W^T + Wb, one product over all steps, and
// tulle.LSTM or tulle.GRU for what must go step by step. The new node has ONNX's inputs, except that X holds
// those sums for all directions and that W is left out.
#include <algorithm>

#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
enum Inputs : std::size_t { kX, kW, kR, kB, kLengths, kH, kC, kPeepholes };

bool is_f32_constant(const Rewriter& r, ValueId id, std::size_t rank) {
  const auto shape = r.f32_shape(id);
  return r.is_constant(id) && shape && shape->size() == rank;
}

/// Both have sigmoid for gates and tanh for states unless the node says otherwise.
bool has_own_activations(const Node& n) {
  const graph::Attribute* given = n.find_attribute("activations");
  if (!given) return true;
  const auto* names = std::get_if<std::vector<std::string>>(given);
  const std::size_t each = n.op == "LSTM" ? 3 : 2;
  for (std::size_t i = 0; names && i < names->size(); ++i)
    if ((*names)[i] != (i % each == 0 ? "Sigmoid" : "Tanh")) return false;
  return names != nullptr;
}

bool fits(const Rewriter& r, const Node& n) {
  const auto x = r.f32_shape(n.inputs[kX]);
  const auto absent_or_constant = [&](std::size_t i) {
    return input(n, i) == kAbsent || is_f32_constant(r, input(n, i), 2);
  };
  return x && std::ranges::find(*x, 0) == x->end() && is_f32_constant(r, n.inputs[kW], 3) &&
         is_f32_constant(r, n.inputs[kR], 3) && absent_or_constant(kB) && absent_or_constant(kPeepholes) &&
         input(n, kLengths) == kAbsent && n.int_attribute("layout", 0) == 0 && !n.has_attribute("clip") &&
         n.int_attribute("input_forget", 0) == 0 && has_own_activations(n) &&
         (n.op == "LSTM" || n.int_attribute("linear_before_reset", 0) != 0);
}

/// B of each direction is Wb followed by Rb: the first halves, one after another; and B with zeros for them.
struct Biases {
  Tensor w, rest;
};
Biases split_bias(const Tensor& b) {
  const Index directions = b.shape()[0], rows = b.shape()[1] / 2;
  Biases out{Tensor(TensorType{DType::f32, {directions * rows}}), Tensor::copy(b.view())};
  for (Index d = 0; d < directions; ++d) {
    const auto own = out.rest.as_mutable<float>().subspan(static_cast<std::size_t>(2 * d * rows),
                                                          static_cast<std::size_t>(rows));
    std::ranges::copy(own, out.w.as_mutable<float>().begin() + d * rows);
    std::ranges::fill(own, 0.0f);
  }
  return out;
}

void split(Rewriter& r, int at) {
  const Node n = r.node(at);
  const Shape x = *r.f32_shape(n.inputs[kX]), w = *r.f32_shape(n.inputs[kW]);
  const Index rows = w[0] * w[1];
  std::vector<ValueId> reads{n.inputs[kX],
                             r.constant(n.name + ".W", r.constant_of(n.inputs[kW]).reshaped({rows, w[2]}))};
  Node step = n;
  step.domain = "tulle";
  step.version = 1;
  if (input(n, kB) != kAbsent) {
    Biases biases = split_bias(r.constant_of(n.inputs[kB]));
    reads.push_back(r.constant(n.name + ".Wb", std::move(biases.w)));
    step.inputs[kB] = r.constant(n.name + ".Rb", std::move(biases.rest));
  }
  step.inputs[kX] = r.insert_before(at, tulle_node("Linear", n.name + ".input", std::move(reads)),
                                    {DType::f32, {x[0], x[1], rows}});
  step.inputs[kW] = kAbsent;
  r.note(n.name);
  r.replace(at, std::move(step));
}
}  // namespace

void split_recurrent(Rewriter& r) {
  for (int n = 0; n < r.size(); ++n)
    if ((r.is(n, "LSTM") || r.is(n, "GRU")) && fits(r, r.node(n))) split(r, n);
}
}  // namespace tulle::passes
