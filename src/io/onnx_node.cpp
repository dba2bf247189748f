// NodeProto to Node: inputs and outputs by name, attributes, constants.
#include "io/onnx_builder.hpp"

namespace tulle::io {
namespace {
using graph::Attribute, graph::kAbsent, graph::ValueId;
using onnx::AttributeProto;

/// Files of the first IR versions leave the kind out; it follows from the field that is filled.
AttributeProto::AttributeType kind_of(const AttributeProto& a) {
  if (a.type() != AttributeProto::UNDEFINED) return a.type();
  if (a.has_f()) return AttributeProto::FLOAT;
  if (a.has_i()) return AttributeProto::INT;
  if (a.has_s()) return AttributeProto::STRING;
  if (a.has_t()) return AttributeProto::TENSOR;
  if (a.has_g()) return AttributeProto::GRAPH;
  if (a.floats_size()) return AttributeProto::FLOATS;
  if (a.ints_size()) return AttributeProto::INTS;
  if (a.strings_size()) return AttributeProto::STRINGS;
  return AttributeProto::UNDEFINED;
}

template <class List>
auto to_vector(const List& list) {
  return std::vector<typename List::value_type>(list.begin(), list.end());
}

std::string first_output(const onnx::NodeProto& proto) {
  for (const std::string& name : proto.output())
    if (!name.empty()) return name;
  return "";
}

template <class T>
Tensor scalar(DType dtype, T x) {
  return Tensor::of<T>(dtype, {}, std::span(&x, 1));
}
template <class T>
Tensor list(DType dtype, const std::vector<T>& x) {
  return Tensor::of<T>(dtype, {std::ssize(x)}, std::span(x));
}

Tensor to_tensor(const Attribute& attribute, const std::string& who) {
  if (const auto* t = std::get_if<Tensor>(&attribute)) return *t;
  if (const auto* i = std::get_if<Index>(&attribute)) return scalar(DType::i64, *i);
  if (const auto* f = std::get_if<float>(&attribute)) return scalar(DType::f32, *f);
  if (const auto* is = std::get_if<std::vector<Index>>(&attribute)) return list(DType::i64, *is);
  if (const auto* fs = std::get_if<std::vector<float>>(&attribute)) return list(DType::f32, *fs);
  throw Error(who, "is a constant of strings or a graph, which is not supported");
}

/// Why the value of a Constant node cannot be held; empty when it can.
std::string constant_refusal(const onnx::NodeProto& proto) {
  for (const AttributeProto& a : proto.attribute()) {
    if (kind_of(a) == AttributeProto::STRING || kind_of(a) == AttributeProto::STRINGS)
      return "has type string, which is not supported";
    if (a.has_t() && !is_supported_dtype(a.t().data_type())) return unsupported_type(a.t().data_type());
    if (a.has_sparse_tensor() && !is_supported_dtype(a.sparse_tensor().values().data_type()))
      return unsupported_type(a.sparse_tensor().values().data_type());
  }
  return "";
}

Index size_bytes(const Attribute& attribute) {
  const auto size = [](const auto& x) -> Index {
    if constexpr (requires { x.size(); }) return std::ssize(x) * static_cast<Index>(sizeof(x[0]));
    return sizeof(x);
  };
  return std::visit(size, attribute);
}
}  // namespace

std::string label(const graph::Node& node) {
  return "node '" + node.name + "' (" + node.op + ")";
}

void Builder::declare_outputs(const Nodes& nodes, Scope& scope, const Frame& frame,
                              const std::map<std::string, ValueId>& known) {
  for (const onnx::NodeProto& node : nodes)
    for (const std::string& name : node.output()) {
      if (name.empty()) continue;
      const auto it = known.find(name);
      scope.declare(name,
                    it != known.end() ? it->second : scope.graph().add_value({.name = frame.prefix + name}));
    }
}

void Builder::read_node(onnx::NodeProto& proto, Scope& scope, const Frame& frame) {
  if (frame.given)
    charge(4096 + static_cast<Index>(proto.ByteSizeLong()) +
           std::ssize(frame.prefix) * (1 + proto.output_size()));
  graph::Node node;
  node.op = proto.op_type();
  node.domain = domain_from_onnx(proto.domain());
  node.name = frame.prefix + (proto.name().empty() ? node.op + ":" + first_output(proto) : proto.name());
  const std::string who = label(node);
  if (node.op.empty()) throw Error(who, "names no operator");
  const bool constant = node.op == "Constant" && node.domain.empty();
  if (const std::string refusal = constant ? constant_refusal(proto) : ""; !refusal.empty()) {
    for (const std::string& name : proto.output()) scope.refuse(name, refusal);
    return;
  }
  for (const std::string& name : proto.input()) node.inputs.push_back(scope.find(name, who));
  for (const std::string& name : proto.output()) node.outputs.push_back(scope.find(name, who));
  node.attributes = read_attributes(proto, who, scope, frame);
  if (Function* function = find_function(proto)) return inline_call(std::move(node), *function, scope);
  const auto version = frame.versions->find(node.domain);
  if (version == frame.versions->end())
    throw Error(who, "is of domain '" + node.domain + "', for which no operator set is imported");
  node.version = version->second;
  if (constant) return read_constant(node, scope);
  scope.graph().nodes.push_back(std::move(node));
}

void Builder::read_constant(const graph::Node& node, Scope& scope) {
  if (node.attributes.size() != 1 || node.outputs.size() != 1 || node.outputs[0] == kAbsent ||
      !node.inputs.empty())
    throw Error(label(node), "has " + std::to_string(node.inputs.size()) + " inputs, " +
                                 std::to_string(node.attributes.size()) + " attributes and " +
                                 std::to_string(node.outputs.size()) + " outputs; 0, 1 and 1 are wanted");
  scope.graph().value(node.outputs[0]).constant = to_tensor(node.attributes.begin()->second, label(node));
}

Attributes Builder::read_attributes(onnx::NodeProto& proto, const std::string& who, Scope& scope,
                                    const Frame& frame) {
  Attributes attributes;
  for (AttributeProto& a : *proto.mutable_attribute()) {
    if (attributes.count(a.name())) throw Error(who, "gives attribute '" + a.name() + "' twice");
    if (a.ref_attr_name().empty()) {
      attributes.emplace(a.name(), read_attribute(a, who, scope, frame));
      continue;
    }
    if (!frame.given)
      throw Error(who, "attribute '" + a.name() + "' refers to a function's, but is in no function");
    const auto it = frame.given->find(a.ref_attr_name());
    if (it == frame.given->end()) continue;  // the call leaves it out, so this node does
    charge(size_bytes(it->second));
    attributes.emplace(a.name(), it->second);
  }
  return attributes;
}

Attribute Builder::read_attribute(AttributeProto& a, const std::string& who, Scope& scope,
                                  const Frame& frame) {
  switch (kind_of(a)) {
    case AttributeProto::INT:
      return Index{a.i()};
    case AttributeProto::FLOAT:
      return a.f();
    case AttributeProto::STRING:
      return std::string(a.s());
    case AttributeProto::INTS:
      return std::vector<Index>(a.ints().begin(), a.ints().end());
    case AttributeProto::FLOATS:
      return to_vector(a.floats());
    case AttributeProto::STRINGS:
      return to_vector(a.strings());
    case AttributeProto::TENSOR:
      return tensors_.read(*a.mutable_t());
    case AttributeProto::SPARSE_TENSOR:
      return tensors_.read(*a.mutable_sparse_tensor());
    case AttributeProto::GRAPH:
      return std::make_shared<const graph::Graph>(read_graph(*a.mutable_g(), &scope, frame));
    default:
      break;
  }
  const std::string kind = onnx::AttributeProto_AttributeType_Name(a.type());
  throw Error(who, "attribute '" + a.name() + "' is of kind " + kind + ", which is not supported");
}
}  // namespace tulle::io
