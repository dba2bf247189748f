// GraphProto to Graph: names, inputs, initializers, outputs.
#include "io/onnx_builder.hpp"

namespace tulle::io {
namespace {
using graph::kAbsent, graph::ValueId;
constexpr int kDeepest = 64;  // graphs within graphs and calls within calls

std::string type_text(const onnx::TypeProto& type) {
  if (type.has_sequence_type()) return "a sequence";
  if (type.has_map_type()) return "a map";
  if (type.has_optional_type()) return "an optional";
  if (type.has_sparse_tensor_type()) return "a sparse tensor";
  return "no tensor";
}

/// Type of a graph input or output; none when the file does not say.
std::optional<DType> declared_dtype(const onnx::ValueInfoProto& info, const std::string& who) {
  const onnx::TypeProto& type = info.type();
  if (type.value_case() == onnx::TypeProto::VALUE_NOT_SET) return std::nullopt;
  if (!type.has_tensor_type()) throw Error(who, "is " + type_text(type) + ", which is not supported");
  if (type.tensor_type().elem_type() == 0) return std::nullopt;
  return dtype_from_onnx(type.tensor_type().elem_type(), who);
}

std::optional<std::vector<graph::Dim>> declared_shape(const onnx::ValueInfoProto& info,
                                                      const std::string& who) {
  if (!info.type().tensor_type().has_shape()) return std::nullopt;
  std::vector<graph::Dim> dims;
  Shape known;
  for (const auto& dim : info.type().tensor_type().shape().dim()) {
    const Index size = dim.has_dim_value() ? dim.dim_value() : -1;  // -1 is how some exporters write "any"
    if (size < -1) throw Error(who, "dimension " + std::to_string(size) + " is negative");
    if (size >= 0) known.push_back(size);
    dims.push_back({size, dim.dim_param()});
  }
  element_count(known, who.c_str());
  return dims;
}
}  // namespace

void Scope::declare(const std::string& name, ValueId id) {
  if (!names_.emplace(name, Binding{id, {}}).second) throw Error("tensor '" + name + "'", "is made twice");
}

void Scope::refuse(const std::string& name, std::string why) {
  names_[name] = {kAbsent, std::move(why)};
}

std::optional<ValueId> Scope::search(const std::string& name, const std::string& who) {
  if (const auto it = names_.find(name); it != names_.end()) {
    if (!it->second.refusal.empty()) throw Error(who, "reads '" + name + "', which " + it->second.refusal);
    return it->second.id;
  }
  if (!outer_) return std::nullopt;
  const std::optional<ValueId> outer = outer_->search(name, who);
  if (!outer || *outer == kAbsent) return outer;
  const graph::Value& captured = outer_->graph_.value(*outer);
  const ValueId inner = graph_.add_value({.name = captured.name, .constant = captured.constant});
  if (captured.constant.empty()) graph_.captures.push_back({*outer, inner});
  names_[name] = {inner, {}};
  return inner;
}

ValueId Scope::find(const std::string& name, const std::string& who) {
  if (name.empty()) return kAbsent;
  if (const auto id = search(name, who)) return *id;
  throw Error(who, "reads '" + name + "', which nothing makes");
}

void Builder::enter(const std::string& who) {
  if (++depth_ > kDeepest)
    throw Error(who, "lies more than " + std::to_string(kDeepest) + " graphs and function calls deep");
}

graph::Graph Builder::build() {
  read_functions();
  return read_graph(*model_.mutable_graph(), nullptr, {"", &versions_});
}

graph::Graph Builder::read_graph(onnx::GraphProto& proto, Scope* outer, const Frame& frame) {
  enter("graph '" + proto.name() + "'");
  graph::Graph g;
  g.name = proto.name();
  Scope scope(g, outer);
  read_initializers(proto, scope);
  read_inputs(proto, scope);
  declare_outputs(proto.node(), scope, frame, {});
  for (onnx::NodeProto& node : *proto.mutable_node()) read_node(node, scope, frame);
  read_outputs(proto, scope);
  graph::sort_and_check(g);
  --depth_;
  return g;
}

template <class Proto>
void Builder::read_initializer(const std::string& name, int type, Proto& proto, Scope& scope) {
  if (name.empty()) throw Error("initializer", "has no name");
  if (scope.has(name)) throw Error("initializer '" + name + "'", "is given twice");
  if (is_supported_dtype(type))
    scope.declare(name, scope.graph().add_value({.name = name, .constant = tensors_.read(proto)}));
  else
    scope.refuse(name, unsupported_type(type));
}

void Builder::read_initializers(onnx::GraphProto& proto, Scope& scope) {
  for (onnx::TensorProto& tensor : *proto.mutable_initializer())
    read_initializer(std::string(tensor.name()), tensor.data_type(), tensor, scope);
  for (onnx::SparseTensorProto& tensor : *proto.mutable_sparse_initializer())
    read_initializer(std::string(tensor.values().name()), tensor.values().data_type(), tensor, scope);
}

void Builder::read_inputs(const onnx::GraphProto& proto, Scope& scope) {
  std::set<std::string> seen;
  for (const onnx::ValueInfoProto& info : proto.input()) {
    const std::string who = "input '" + info.name() + "'";
    if (info.name().empty()) throw Error("input", "has no name");
    if (!seen.insert(info.name()).second) throw Error(who, "is given twice");
    if (scope.has(info.name())) continue;  // an initializer that IR versions below 4 list among the inputs
    const ValueId id = scope.graph().add_value({.name = info.name(),
                                                .declared_dtype = declared_dtype(info, who),
                                                .declared = declared_shape(info, who)});
    scope.declare(info.name(), id);
    scope.graph().inputs.push_back(id);
  }
}

void Builder::read_outputs(const onnx::GraphProto& proto, Scope& scope) {
  for (const onnx::ValueInfoProto& info : proto.output()) {
    const std::string who = "output '" + info.name() + "'";
    const ValueId id = scope.find(info.name(), who);
    if (id == kAbsent) throw Error("output", "has no name");
    graph::Value& value = scope.graph().value(id);
    const std::optional<DType> dtype = declared_dtype(info, who);
    if (!value.declared_dtype) value.declared_dtype = dtype;
    scope.graph().outputs.push_back(id);
  }
}
}  // namespace tulle::io
