// Model-local functions (FunctionProto, IR version 8): each call is replaced by the function's nodes.
#include <google/protobuf/unknown_field_set.h>

#include "io/onnx_builder.hpp"

namespace tulle::io {
namespace {
using graph::kAbsent, graph::ValueId;
constexpr int kNodeOverload = 8, kFunctionOverload = 13,
              kFunctionAttributeProto = 11;  // field numbers, IR 9 and 10

std::string overload(const google::protobuf::Message& message, int number) {
  const std::vector<std::string> found = unknown_fields(message, number);
  return found.empty() ? "" : found.back();
}

std::string label(const onnx::FunctionProto& f) {
  return "function '" + f.domain() + "." + f.name() + "'";
}

std::vector<onnx::AttributeProto> read_defaults(const onnx::FunctionProto& proto) {
  std::vector<onnx::AttributeProto> defaults;
  for (const std::string& bytes : unknown_fields(proto, kFunctionAttributeProto))
    if (!defaults.emplace_back().ParseFromString(bytes))
      throw Error(label(proto), "has an attribute default that does not parse");
  return defaults;
}

/// What one call costs besides its nodes: bindings of names and attributes.
Index call_bytes(const Function& f) {
  const onnx::FunctionProto& p = *f.proto;
  Index bytes = 64 * (Index{p.input_size()} + p.output_size() + p.attribute_size());
  for (const onnx::AttributeProto& a : f.defaults) bytes += static_cast<Index>(a.ByteSizeLong());
  return bytes;
}
}  // namespace

std::vector<std::string> unknown_fields(const google::protobuf::Message& message, int number) {
  const auto& fields = message.GetReflection()->GetUnknownFields(message);
  std::vector<std::string> found;
  for (int i = 0; i < fields.field_count(); ++i)
    if (const auto& field = fields.field(i);
        field.number() == number && field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
      found.push_back(field.length_delimited());
  return found;
}

void Builder::charge(Index bytes) {
  if (bytes > grown_bytes_left_)
    throw Error("model functions", "grow beyond the limit when they are inlined");
  grown_bytes_left_ -= bytes;
}

void Builder::read_functions() {
  for (onnx::FunctionProto& f : *model_.mutable_functions()) {
    const FunctionKey key{domain_from_onnx(f.domain()), f.name(), overload(f, kFunctionOverload)};
    Function function{&f, read_versions(f.opset_import(), label(f)), read_defaults(f)};
    if (!functions_.emplace(key, std::move(function)).second) throw Error(label(f), "is given twice");
  }
}

Function* Builder::find_function(const onnx::NodeProto& node) {
  if (functions_.empty()) return nullptr;
  const auto it =
      functions_.find({domain_from_onnx(node.domain()), node.op_type(), overload(node, kNodeOverload)});
  return it == functions_.end() ? nullptr : &it->second;
}

void Builder::inline_call(graph::Node call, Function& function, Scope& caller) {
  onnx::FunctionProto& f = *function.proto;
  const std::string who = io::label(call);
  if (function.active) throw Error(who, "is a call of " + label(f) + " within itself");
  if (std::ssize(call.inputs) > f.input_size() || std::ssize(call.outputs) > f.output_size())
    throw Error(who, "has " + std::to_string(call.inputs.size()) + " inputs and " +
                         std::to_string(call.outputs.size()) + " outputs, " + label(f) + " has " +
                         std::to_string(f.input_size()) + " and " + std::to_string(f.output_size()));
  enter(who);
  charge(call_bytes(function));
  function.active = true;
  Scope scope(caller.graph(), nullptr);
  for (int i = 0; i < f.input_size(); ++i)
    scope.declare(f.input(i),
                  i < std::ssize(call.inputs) ? call.inputs[static_cast<std::size_t>(i)] : kAbsent);
  std::map<std::string, ValueId> results;
  for (std::size_t i = 0; i < call.outputs.size(); ++i)
    if (call.outputs[i] != kAbsent && !results.emplace(f.output(static_cast<int>(i)), call.outputs[i]).second)
      throw Error(label(f), "gives output '" + f.output(static_cast<int>(i)) + "' twice");
  const Frame frame{call.name + "/", &function.versions, &call.attributes};
  for (onnx::AttributeProto& a : function.defaults)
    if (!call.attributes.count(a.name()))
      call.attributes.emplace(a.name(), read_attribute(a, who, scope, frame));
  for (const auto& [key, value] : call.attributes)
    if (std::holds_alternative<std::shared_ptr<const graph::Graph>>(value))
      throw Error(who, "gives a graph to a function, which is not supported");
  declare_outputs(f.node(), scope, frame, results);
  pass_through(f, scope, frame, results);
  for (onnx::NodeProto& node : *f.mutable_node()) read_node(node, scope, frame);
  function.active = false;
  --depth_;
}

/// An output that is the function's input as it came needs a node that makes it.
void Builder::pass_through(const onnx::FunctionProto& f, Scope& scope, const Frame& frame,
                           const std::map<std::string, ValueId>& results) {
  for (const auto& [name, id] : results) {
    const ValueId source = scope.find(name, label(f));
    if (source == id) continue;
    const auto version = frame.versions->find("");
    scope.graph().nodes.push_back({.name = frame.prefix + "Identity:" + name,
                                   .op = "Identity",
                                   .version = version == frame.versions->end() ? 13 : version->second,
                                   .inputs = {source},
                                   .outputs = {id}});
  }
}
}  // namespace tulle::io
