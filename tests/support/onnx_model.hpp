#pragma once
#include <onnx/onnx_pb.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace tulle::test {
/// Builds small ONNX models by hand: OnnxModel m; m.input("x", {2, 3}); m.node("Relu", {"x"}, {"y"});
/// m.output("y");
class OnnxModel {
 public:
  using Names = std::initializer_list<const char*>;
  explicit OnnxModel(int opset = 17, int ir_version = 8) {
    proto.set_ir_version(ir_version);
    proto.add_opset_import()->set_version(opset);
    proto.mutable_graph()->set_name("test");
  }
  onnx::GraphProto& graph() { return *proto.mutable_graph(); }

  onnx::ValueInfoProto& input(const std::string& name, const std::vector<long>& dims, int type = 1) {
    return describe(*graph().add_input(), name, dims, type);
  }
  onnx::ValueInfoProto& output(const std::string& name) {
    onnx::ValueInfoProto& info = *graph().add_output();
    info.set_name(name);
    return info;
  }
  onnx::NodeProto& node(const std::string& op, Names inputs, Names outputs) {
    return fill(*graph().add_node(), op, inputs, outputs);
  }
  onnx::TensorProto& initializer(const std::string& name, const std::vector<long>& dims,
                                 const std::vector<float>& values) {
    onnx::TensorProto& t = floats(*graph().add_initializer(), dims, values);
    t.set_name(name);
    return t;
  }
  std::string bytes() const { return proto.SerializeAsString(); }

  static onnx::NodeProto& fill(onnx::NodeProto& node, const std::string& op, Names inputs, Names outputs) {
    node.set_op_type(op);
    for (const char* name : inputs) node.add_input(name);
    for (const char* name : outputs) node.add_output(name);
    return node;
  }
  static onnx::TensorProto& floats(onnx::TensorProto& t, const std::vector<long>& dims,
                                   const std::vector<float>& values) {
    t.set_data_type(onnx::TensorProto::FLOAT);
    for (long d : dims) t.add_dims(d);
    for (float x : values) t.add_float_data(x);
    return t;
  }
  static onnx::TensorProto& integers(onnx::TensorProto& t, const std::vector<long>& dims,
                                     const std::vector<long>& values) {
    t.set_data_type(onnx::TensorProto::INT64);
    for (long d : dims) t.add_dims(d);
    for (long x : values) t.add_int64_data(x);
    return t;
  }
  static onnx::ValueInfoProto& describe(onnx::ValueInfoProto& info, const std::string& name,
                                        const std::vector<long>& dims, int type = 1) {
    info.set_name(name);
    onnx::TypeProto_Tensor& t = *info.mutable_type()->mutable_tensor_type();
    t.set_elem_type(type);
    for (long d : dims) t.mutable_shape()->add_dim()->set_dim_value(d);
    return info;
  }
  static onnx::AttributeProto& attribute(onnx::NodeProto& node, const std::string& name,
                                         onnx::AttributeProto::AttributeType type) {
    onnx::AttributeProto& a = *node.add_attribute();
    a.set_name(name);
    a.set_type(type);
    return a;
  }

  onnx::ModelProto proto;
};
}  // namespace tulle::test
