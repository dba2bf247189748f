#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <sstream>

#include "ops/op.hpp"
#include "passes/passes.hpp"

namespace tulle::passes::testing {
using graph::Attribute;
using graph::Graph;
using graph::Node;
using graph::ValueId;
using Attributes = std::map<std::string, Attribute, std::less<>>;

inline Tensor random_tensor(const Shape& shape, unsigned seed, float low = -1, float high = 1) {
  std::mt19937 bits(seed);
  std::uniform_real_distribution<float> real(low, high);
  Tensor t(TensorType{DType::f32, shape});
  for (float& x : t.as_mutable<float>()) x = real(bits);
  return t;
}

/// Writes a graph node by node, as an exporter would.
struct Builder {
  Graph g;
  int opset = 13;
  unsigned seed = 1;

  ValueId input(const std::string& name, const Shape& shape, DType dtype = DType::f32) {
    graph::Value value{.name = name, .declared_dtype = dtype, .declared = std::vector<graph::Dim>()};
    for (Index size : shape) value.declared->push_back({size, ""});
    g.inputs.push_back(g.add_value(value));
    return g.inputs.back();
  }
  ValueId constant(Tensor data) {
    return g.add_value({.name = "c" + std::to_string(g.values.size()), .constant = std::move(data)});
  }
  ValueId weight(const Shape& shape, float low = -1, float high = 1) {
    return constant(random_tensor(shape, seed++, low, high));
  }
  ValueId number(float x) { return constant(Tensor::of<float>(DType::f32, {}, std::span(&x, 1))); }
  ValueId integers(const std::vector<Index>& values) {
    return constant(Tensor::of<Index>(DType::i64, {static_cast<Index>(values.size())}, std::span(values)));
  }
  ValueId integer(Index value) { return constant(Tensor::of<Index>(DType::i64, {}, std::span(&value, 1))); }
  std::vector<ValueId> nodes(const std::string& op, std::vector<ValueId> inputs, Attributes attributes,
                             int outputs) {
    Node node{
        .name = op + std::to_string(g.nodes.size()), .op = op, .version = opset, .inputs = std::move(inputs)};
    node.attributes = std::move(attributes);
    for (int i = 0; i < outputs; ++i)
      node.outputs.push_back(g.add_value({.name = node.name + "." + std::to_string(i)}));
    g.nodes.push_back(node);
    return node.outputs;
  }
  ValueId op(const std::string& name, std::vector<ValueId> inputs, Attributes attributes = {}) {
    return nodes(name, std::move(inputs), std::move(attributes), 1)[0];
  }
  Graph graph(std::vector<ValueId> outputs) {
    g.outputs = std::move(outputs);
    graph::sort_and_check(g);
    return g;
  }
};

/// The nodes by name, with what fusion put into them: "tulle.Conv+residual+relu Flatten tulle.Linear".
inline std::string text(const Graph& g) {
  std::string line;
  for (const Node& node : g.nodes) {
    line += (line.empty() ? "" : " ") + (node.domain.empty() ? "" : node.domain + ".") + node.op;
    const bool product = node.op == "Conv" || node.op == "Linear";
    if (node.domain == "tulle" && product && node.inputs.size() > 2 && node.inputs[2] != graph::kAbsent)
      line += "+bias";
    if (node.domain == "tulle" && product && node.inputs.size() > 3) line += "+residual";
    if (const std::string kind = node.string_attribute("activation", "none"); kind != "none")
      line += "+" + kind;
  }
  return line;
}

inline std::vector<Tensor> inputs_of(const Graph& g, const std::map<std::string, Shape>& shapes = {}) {
  std::vector<Tensor> inputs;
  unsigned seed = 100;
  for (ValueId id : g.inputs) {
    const graph::Value& v = g.value(id);
    Shape shape;
    if (shapes.contains(v.name))
      shape = shapes.at(v.name);
    else
      for (const graph::Dim& d : *v.declared) shape.push_back(d.size);
    if (v.declared_dtype == DType::f32)
      inputs.push_back(random_tensor(shape, seed++, -2, 2));
    else
      inputs.push_back(Tensor::zeros({*v.declared_dtype, shape}));
  }
  return inputs;
}

/// Runs both graphs on the same random inputs: outputs must agree within `tolerance` of the largest
/// magnitude.
inline void expect_same_results(const Graph& before, const Graph& after, double tolerance = 1e-5) {
  const std::vector<Tensor> inputs = inputs_of(before);
  const auto want = ops::interpret(before, inputs), got = ops::interpret(after, inputs);
  ASSERT_EQ(want.size(), got.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    ASSERT_EQ(want[i].shape(), got[i].shape());
    ASSERT_EQ(want[i].dtype(), got[i].dtype());
    EXPECT_EQ(before.value(before.outputs[i]).name, after.value(after.outputs[i]).name);
    if (want[i].dtype() != DType::f32) continue;
    double top = 0;
    for (float x : want[i].as<float>()) top = std::max(top, std::abs(double(x)));
    ASSERT_GT(top, 0) << "all zero: shows nothing";
    for (std::size_t k = 0; k < want[i].as<float>().size(); ++k)
      ASSERT_NEAR(want[i].as<float>()[k], got[i].as<float>()[k], tolerance * top) << "element " << k;
  }
}

/// Specializes and optimizes; checks that the graph is still well formed, typed and right.
inline Graph optimized(const Graph& g, double tolerance = 1e-5) {
  Log log;
  Graph after = optimize(specialize(g, {}, log), log);
  graph::sort_and_check(after);
  for (const Node& node : after.nodes) {
    const ops::Operator* op = ops::find(node.op, node.domain, node.version);
    EXPECT_NE(op, nullptr) << node.op;
    std::vector<ops::Argument> arguments;
    for (ValueId id : node.inputs)
      arguments.push_back(id == graph::kAbsent
                              ? ops::Argument{}
                              : ops::Argument{true, *after.value(id).type, after.value(id).constant.data()});
    const ops::Types types = op->infer({node, arguments});
    EXPECT_TRUE(types && after.value(node.outputs[0]).type == types->front())
        << node.name << " has another type";
  }
  expect_same_results(g, after, tolerance);
  return after;
}
}  // namespace tulle::passes::testing
