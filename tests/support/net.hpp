#pragma once
#include <random>
#include "graph/graph.hpp"

namespace tulle::support {
/// Builds small networks in a test: every call appends a node and returns its output.
class Net {
 public:
  explicit Net(unsigned seed = 1) : bits_(seed) {}

  graph::ValueId input(const std::string& name, Shape shape, DType dtype = DType::f32) {
    graph::Value v{.name = name};
    v.declared_dtype = dtype;
    v.declared.emplace();
    for (Index d : shape) v.declared->push_back({d, ""});
    const graph::ValueId id = g.add_value(std::move(v));
    g.inputs.push_back(id);
    return id;
  }

  /// Normal numbers, a fraction of them zero.
  graph::ValueId weight(Shape shape, double zeros = 0) {
    Tensor t(TensorType{DType::f32, std::move(shape)});
    std::normal_distribution<float> normal;
    std::uniform_real_distribution<double> uniform(0, 1);
    for (float& x : t.as_mutable<float>()) x = uniform(bits_) < zeros ? 0 : 0.3f * normal(bits_);
    return constant(std::move(t));
  }
  graph::ValueId constant(Tensor t) {
    graph::Value v{.name = "c" + std::to_string(g.values.size())};
    v.type = t.type();
    v.constant = std::move(t);
    return g.add_value(std::move(v));
  }
  graph::ValueId ints(std::vector<Index> values) {
    return constant(Tensor::of<Index>(DType::i64, {static_cast<Index>(values.size())}, std::span<const Index>(values)));
  }

  graph::ValueId op(const std::string& name, std::vector<graph::ValueId> inputs,
                    std::map<std::string, graph::Attribute, std::less<>> attributes = {}, const std::string& domain = "", int version = 17) {
    const graph::ValueId out = g.add_value({.name = "v" + std::to_string(g.values.size())});
    graph::Node node{.name = name + "_" + std::to_string(out), .op = name, .domain = domain, .version = version};
    node.inputs = std::move(inputs);
    node.outputs = {out};
    node.attributes = std::move(attributes);
    g.nodes.push_back(std::move(node));
    return out;
  }
  graph::ValueId fused(const std::string& name, std::vector<graph::ValueId> inputs,
                       std::map<std::string, graph::Attribute, std::less<>> attributes = {}) {
    return op(name, std::move(inputs), std::move(attributes), "tulle", 1);
  }
  void output(graph::ValueId id) { g.outputs.push_back(id); }

  Tensor random(Shape shape) {
    Tensor t(TensorType{DType::f32, std::move(shape)});
    std::normal_distribution<float> normal;
    for (float& x : t.as_mutable<float>()) x = normal(bits_);
    return t;
  }

  graph::Graph g;

 private:
  std::mt19937 bits_;
};
}  // namespace tulle::support
