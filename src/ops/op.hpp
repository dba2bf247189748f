#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>
#include "graph/graph.hpp"

namespace tulle::ops {
/// An input as an operator sees it. data is null while the value is not known (shape inference before a run).
struct Argument {
  bool present = false;
  TensorType type;
  const void* data = nullptr;

  const Shape& shape() const { return type.shape; }
  DType dtype() const { return type.dtype; }
  Index rank() const { return static_cast<Index>(type.shape.size()); }
  Index count() const { return element_count_unchecked(type.shape); }
  template <class T> std::span<const T> as() const { return {static_cast<const T*>(data), static_cast<std::size_t>(count())}; }
};

/// An output to fill: the type that infer() gave, and memory of that size (row-major, 64-byte aligned, uninitialised).
struct Result {
  TensorType type;
  void* data = nullptr;
  Index count() const { return element_count_unchecked(type.shape); }
  template <class T> std::span<T> as() const { return {static_cast<T*>(data), static_cast<std::size_t>(count())}; }
};

/// A node together with its inputs. input(i) of an absent or missing input is an Argument with present == false.
struct Call {
  const graph::Node& node;
  std::span<const Argument> inputs;

  const Argument& input(std::size_t i) const;
  bool has(std::size_t i) const { return i < inputs.size() && inputs[i].present; }
  int version() const { return node.version; }
  /// Refuses the call: "node 'conv1' (Conv-13): <what>". Use it for every disagreement of shapes, types, attributes.
  [[noreturn]] void fail(const std::string& what) const;
};

/// Types of all outputs, or nullopt when they depend on the data of an input whose data is not there yet.
using Types = std::optional<std::vector<TensorType>>;

/// One operator of ONNX (or of "tulle", what fusion makes): its meaning, complete for the versions it accepts.
/// infer is called with every input's type, and with data where it is constant; it checks everything that eval relies
/// on and fails the call otherwise. eval is called with all data and with results of the types that infer gave for
/// just these inputs; it is serial, does not fail on what infer accepted except for data out of range (an index),
/// and is the specification that fast kernels are tested against: clear, with f64 where sums are long.
struct Operator {
  std::string_view name;
  std::string_view domain;  ///< "" for ai.onnx
  int since = 1;            ///< lowest version of the domain that it implements
  std::size_t min_inputs = 0, max_inputs = 1;
  Types (*infer)(const Call&) = nullptr;
  void (*eval)(const Call&, std::span<const Result>) = nullptr;
  /// Instead of infer and eval, for control flow (If, Loop, Scan): makes the outputs itself. `captured` are the data
  /// of the node's subgraphs' captures, one vector for each graph attribute in the order of the attributes' names.
  std::vector<Tensor> (*run)(const Call&, std::span<const std::vector<Tensor>> captured) = nullptr;
};

/// The operator for this name, domain and version; null when there is none.
const Operator* find(std::string_view name, std::string_view domain, int version);
std::span<const Operator* const> all();

/// Names every node that Tulle cannot run: operator, opset, node, in one Error; subgraphs included.
void require_known(const graph::Graph&);

/// The outputs of the graph for these inputs, node by node by the operators' own eval: the reference of everything
/// faster. Checks input types against the graph's declarations only by rank and dtype.
std::vector<Tensor> interpret(const graph::Graph&, std::span<const Tensor> inputs);
/// The same for a subgraph: `captured` stand for graph.captures, in their order.
std::vector<Tensor> interpret(const graph::Graph&, std::span<const Tensor> inputs, std::span<const Tensor> captured);
/// One node, all data known.
std::vector<Tensor> evaluate(const graph::Node&, std::span<const Tensor> inputs);
}  // namespace tulle::ops
