#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>
#include "core/tensor.hpp"

namespace tulle::graph {
struct Graph;

using ValueId = std::int32_t;      ///< index into Graph::values
constexpr ValueId kAbsent = -1;    ///< an optional input or output that is not there

/// One attribute of a node, with ONNX's kinds. A subgraph (If, Loop, Scan) is shared and immutable.
using Attribute = std::variant<Index, float, std::string, std::vector<Index>, std::vector<float>,
                               std::vector<std::string>, Tensor, std::shared_ptr<const Graph>>;

/// A dimension of a graph input: a size, or a symbol ("batch"), or "" when the file says nothing.
struct Dim {
  Index size = -1;  ///< -1: symbolic
  std::string symbol;
};

struct Value {
  std::string name;
  std::optional<TensorType> type;             ///< known after passes::specialize, where it does not depend on data
  Tensor constant;                            ///< its data when it is a weight or was folded; else empty()
  std::optional<DType> declared_dtype;        ///< of a graph input or output, as the file says
  std::optional<std::vector<Dim>> declared;   ///< shape of a graph input, as the file says
};

struct Node {
  std::string name;    ///< never empty after import
  std::string op;      ///< "Conv"
  std::string domain;  ///< "" is ai.onnx; "tulle" holds what fusion makes
  int version = 0;     ///< the opset of its domain in the file it came from
  std::vector<ValueId> inputs, outputs;
  std::map<std::string, Attribute, std::less<>> attributes;

  /// The attribute, or the default when it is absent; an Error naming node and attribute when its kind is wrong.
  Index int_attribute(std::string_view key, Index otherwise) const;
  float float_attribute(std::string_view key, float otherwise) const;
  std::string string_attribute(std::string_view key, std::string_view otherwise) const;
  std::vector<Index> ints_attribute(std::string_view key, std::vector<Index> otherwise = {}) const;
  std::vector<float> floats_attribute(std::string_view key, std::vector<float> otherwise = {}) const;
  const Attribute* find_attribute(std::string_view key) const;
  bool has_attribute(std::string_view key) const { return find_attribute(key) != nullptr; }
};

/// A value of the enclosing graph that a subgraph reads, and the value that stands for it inside.
struct Capture {
  ValueId outer, inner;
};

/// Values and nodes; nodes are in an order in which every value is made before it is read, each value by one node.
struct Graph {
  std::string name;
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<ValueId> inputs, outputs;
  std::vector<Capture> captures;  ///< empty unless this is a subgraph

  ValueId add_value(Value value) {
    values.push_back(std::move(value));
    return static_cast<ValueId>(values.size()) - 1;
  }
  const Value& value(ValueId id) const { return values[static_cast<std::size_t>(id)]; }
  Value& value(ValueId id) { return values[static_cast<std::size_t>(id)]; }
  bool is_constant(ValueId id) const { return id != kAbsent && !value(id).constant.empty(); }
};

/// For each value the index of the node that makes it (-1: graph input, constant, capture), and the nodes that read it.
struct Uses {
  std::vector<int> producer;
  std::vector<std::vector<int>> readers;  ///< a node that reads a value twice appears twice
  std::vector<bool> is_output;            ///< the graph hands the value to the caller
};
Uses uses(const Graph&);

/// Sorts nodes so that makers come before readers; an Error names a node of a cycle, a value made twice, or a value
/// that nobody makes.
void sort_and_check(Graph&);

std::string to_text(const Graph&);  ///< one line a node, for tests and --verbose: "%5:f32[1, 8] = Relu(%4) # name"
}  // namespace tulle::graph
