#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "graph/graph.hpp"
#include "io/onnx_tensor.hpp"

namespace tulle::io {
using Versions = std::map<std::string, int, std::less<>>;  ///< opset of each domain; "" is ai.onnx
using Attributes = std::map<std::string, graph::Attribute, std::less<>>;

std::string domain_from_onnx(const std::string& domain);  ///< "ai.onnx" and "" are one domain: ""
Versions read_versions(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>&,
                       const std::string& where);

/// The names that nodes of one graph, or of one call of a function, can read. Several scopes may fill one
/// graph.
class Scope {
 public:
  /// `outer`: where a name is looked for that is not here; its graph is the enclosing one, what it finds is
  /// captured.
  Scope(graph::Graph& graph, Scope* outer) : graph_(graph), outer_(outer) {}
  graph::Graph& graph() { return graph_; }
  void declare(const std::string& name, graph::ValueId);  ///< an Error when the name is taken
  void refuse(const std::string& name, std::string why);  ///< an Error with this text if it is ever read
  bool has(const std::string& name) const { return names_.count(name) != 0; }
  graph::ValueId find(const std::string& name, const std::string& who);  ///< kAbsent for ""

 private:
  struct Binding {
    graph::ValueId id = graph::kAbsent;
    std::string refusal;
  };
  std::optional<graph::ValueId> search(const std::string& name, const std::string& who);
  graph::Graph& graph_;
  Scope* outer_;
  std::map<std::string, Binding, std::less<>> names_;
};

/// A function of the model, ready to be inlined.
struct Function {
  onnx::FunctionProto* proto = nullptr;
  Versions versions;
  std::vector<onnx::AttributeProto> defaults;
  bool active = false;  ///< a call of it is being inlined
};

/// What a node is read under: the model's own nodes, or a call of a function.
struct Frame {
  std::string prefix;  ///< before the names of nodes and values
  const Versions* versions;
  const Attributes* given =
      nullptr;  ///< the call's attributes, which ref_attr_name means; null outside functions
};

/// Builds the graph of one model, subgraphs and function calls included.
class Builder {
 public:
  Builder(onnx::ModelProto&, TensorReader, Index most_grown_bytes);
  graph::Graph build();

 private:
  using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;
  using FunctionKey = std::tuple<std::string, std::string, std::string>;  // domain, name, overload

  graph::Graph read_graph(onnx::GraphProto&, Scope* outer, const Frame&);
  void read_initializers(onnx::GraphProto&, Scope&);
  template <class Proto>
  void read_initializer(const std::string& name, int type, Proto&, Scope&);
  void read_inputs(const onnx::GraphProto&, Scope&);
  void read_outputs(const onnx::GraphProto&, Scope&);

  void declare_outputs(const Nodes&, Scope&, const Frame&,
                       const std::map<std::string, graph::ValueId>& known);
  void read_node(onnx::NodeProto&, Scope&, const Frame&);
  void read_constant(const graph::Node&, Scope&);
  Attributes read_attributes(onnx::NodeProto&, const std::string& who, Scope&, const Frame&);
  graph::Attribute read_attribute(onnx::AttributeProto&, const std::string& who, Scope&, const Frame&);

  void read_functions();
  Function* find_function(const onnx::NodeProto&);
  void inline_call(graph::Node call, Function&, Scope&);
  void pass_through(const onnx::FunctionProto&, Scope&, const Frame&,
                    const std::map<std::string, graph::ValueId>& results);
  void charge(Index bytes);  ///< against the growth that functions may cause
  void enter(const std::string& who);

  onnx::ModelProto& model_;
  TensorReader tensors_;
  Versions versions_;
  std::map<FunctionKey, Function> functions_;
  Index grown_bytes_left_;
  int depth_ = 0;
};

/// "node 'conv1' (Conv)"
std::string label(const graph::Node&);
/// A string or message field that Debian's ONNX classes (1.12) do not know yet; several when it is repeated.
std::vector<std::string> unknown_fields(const google::protobuf::Message&, int number);
}  // namespace tulle::io
