#include "io/onnx.hpp"

#include <gtest/gtest.h>

#include "support/onnx_model.hpp"
#include "support/temp_folder.hpp"
#include "tulle/error.hpp"

using namespace tulle;
using onnx::AttributeProto;
using test::OnnxModel;

namespace {
graph::Graph parse(const OnnxModel& m) {
  const std::string bytes = m.bytes();
  return io::parse_onnx(std::as_bytes(std::span(bytes)));
}
std::string refusal(const OnnxModel& m) {
  return test::message_of<Error>([&] { parse(m); });
}
const graph::Value& input_of(const graph::Graph& g, std::size_t node, std::size_t i) {
  return g.value(g.nodes.at(node).inputs.at(i));
}
std::vector<float> floats_of(const Tensor& t) {
  return {t.as<float>().begin(), t.as<float>().end()};
}
}  // namespace

TEST(Onnx, ReadsNodesInputsAndWeights) {
  OnnxModel m;
  m.input("x", {1, 3})
      .mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(0)
      ->set_dim_param("batch");
  m.initializer("w", {3, 2}, {1, 2, 3, 4, 5, 6});
  m.node("Relu", {"p"}, {"y"});
  OnnxModel::attribute(m.node("Gemm", {"x", "w", ""}, {"p"}), "alpha", AttributeProto::FLOAT).set_f(0.5f);
  m.output("y");
  const graph::Graph g = parse(m);
  ASSERT_EQ(g.nodes.size(), 2u);  // sorted: Gemm before Relu
  EXPECT_EQ(g.nodes[0].op, "Gemm");
  EXPECT_EQ(g.nodes[0].name, "Gemm:p");
  EXPECT_EQ(g.nodes[0].version, 17);
  EXPECT_EQ(g.nodes[0].inputs[2], graph::kAbsent);
  EXPECT_EQ(g.nodes[0].float_attribute("alpha", 1), 0.5f);
  EXPECT_EQ(floats_of(input_of(g, 0, 1).constant), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  ASSERT_EQ(g.inputs.size(), 1u);
  const auto& dims = g.value(g.inputs[0]).declared;
  ASSERT_TRUE(dims);
  EXPECT_EQ((*dims)[0].symbol, "batch");
  EXPECT_EQ((*dims)[1].size, 3);
  EXPECT_EQ(g.value(g.inputs[0]).declared_dtype, DType::f32);
}

TEST(Onnx, RefusesVersionsByNumber) {
  for (int opset : {0, 6, 29, 999}) EXPECT_SAYS(refusal(OnnxModel(opset)), "opset " + std::to_string(opset));
  for (int ir : {0, 2, 15, 999}) EXPECT_SAYS(refusal(OnnxModel(17, ir)), "IR version " + std::to_string(ir));
  for (int opset : {7, 28}) EXPECT_EQ(refusal(OnnxModel(opset)), "");
}

TEST(Onnx, TakesInitializersAmongTheInputsAsConstants) {
  OnnxModel m(7, 3);
  m.input("x", {2});
  m.input("w", {2});
  m.initializer("w", {2}, {3, 4});
  m.node("Add", {"x", "w"}, {"y"});
  m.output("y");
  const graph::Graph g = parse(m);
  EXPECT_EQ(g.inputs.size(), 1u);
  EXPECT_TRUE(g.is_constant(g.nodes[0].inputs[1]));
}

TEST(Onnx, KnowsOneDomainByTwoNames) {
  OnnxModel m;
  m.proto.mutable_opset_import(0)->set_domain("ai.onnx");
  m.input("x", {2});
  m.node("Relu", {"x"}, {"p"});
  m.node("Relu", {"p"}, {"y"}).set_domain("ai.onnx");
  m.output("y");
  const graph::Graph g = parse(m);
  for (const graph::Node& node : g.nodes) EXPECT_EQ(node.domain + std::to_string(node.version), "17");
  m.proto.add_opset_import()->set_version(16);
  EXPECT_SAYS(refusal(m), "imports two operator sets of domain ''");
}

TEST(Onnx, RefusesADomainThatIsNotImported) {
  OnnxModel m;
  m.input("x", {2});
  m.node("FusedConv", {"x"}, {"y"}).set_domain("com.microsoft");
  EXPECT_SAYS(refusal(m), "node 'FusedConv:y' (FusedConv): is of domain 'com.microsoft'");
  onnx::OperatorSetIdProto& import = *m.proto.add_opset_import();
  import.set_domain("com.microsoft");
  import.set_version(1);
  EXPECT_EQ(parse(m).nodes[0].version, 1);
}

TEST(Onnx, ReadsEveryEncodingOfATensor) {
  using P = onnx::TensorProto;
  const auto with = [](P::DataType type, auto fill) {
    OnnxModel m;
    P& t = *m.graph().add_initializer();
    t.set_name("t");
    t.set_data_type(type);
    t.add_dims(2);
    fill(t);
    m.output("t");
    const graph::Graph g = parse(m);
    return g.value(g.outputs[0]).constant;
  };
  const auto as_int32 = [](int a, int b) { return [=](P& t) { t.add_int32_data(a), t.add_int32_data(b); }; };
  const auto as_uint64 = [](P& t) { t.add_uint64_data(7), t.add_uint64_data(4294967295u); };
  EXPECT_EQ(with(P::INT8, as_int32(-128, 127)).as<std::int8_t>()[0], -128);
  EXPECT_EQ(with(P::UINT8, as_int32(0, 255)).as<std::uint8_t>()[1], 255);
  EXPECT_EQ(with(P::INT16, as_int32(-9, 9)).as<std::int16_t>()[0], -9);
  EXPECT_EQ(with(P::UINT16, as_int32(0, 65535)).as<std::uint16_t>()[1], 65535);
  EXPECT_EQ(with(P::INT32, as_int32(-9, 9)).as<std::int32_t>()[0], -9);
  EXPECT_EQ(with(P::BOOL, as_int32(0, 3)).as<std::uint8_t>()[1], 1);
  EXPECT_EQ(with(P::FLOAT16, as_int32(0, 0x3c00)).as<std::uint16_t>()[1], 0x3c00);
  EXPECT_EQ(with(P::BFLOAT16, as_int32(0, 0x3f80)).as<std::uint16_t>()[1], 0x3f80);
  EXPECT_EQ(with(P::UINT32, as_uint64).as<std::uint32_t>()[1], 4294967295u);
  EXPECT_EQ(with(P::UINT64, as_uint64).as<std::uint64_t>()[0], 7u);
  EXPECT_EQ(with(P::INT64, [](P& t) { t.add_int64_data(-1), t.add_int64_data(1); }).as<Index>()[0], -1);
  EXPECT_EQ(with(P::DOUBLE, [](P& t) { t.add_double_data(0.1), t.add_double_data(2); }).as<double>()[0], 0.1);
  EXPECT_EQ(
      with(P::FLOAT, [](P& t) { t.set_raw_data(std::string("\0\0\x80\x3f\0\0\0\x40", 8)); }).as<float>()[1],
      2);
  EXPECT_EQ(with(P::BOOL, [](P& t) { t.set_raw_data(std::string("\0\x05", 2)); }).as<std::uint8_t>()[1], 1);
  EXPECT_THROW(with(P::INT8, as_int32(0, 128)), Error);
}

TEST(Onnx, TurnsConstantNodesIntoConstants) {
  OnnxModel m;
  OnnxModel::attribute(m.node("Constant", {}, {"i"}), "value_int", AttributeProto::INT).set_i(5);
  OnnxModel::attribute(m.node("Constant", {}, {"fs"}), "value_floats", AttributeProto::FLOATS)
      .add_floats(0.5f);
  auto& sparse =
      *OnnxModel::attribute(m.node("Constant", {}, {"s"}), "sparse_value", AttributeProto::SPARSE_TENSOR)
           .mutable_sparse_tensor();
  OnnxModel::floats(*sparse.mutable_values(), {2}, {8, 9});
  OnnxModel::integers(*sparse.mutable_indices(), {2, 2}, {0, 1, 1, 2});
  sparse.add_dims(2), sparse.add_dims(3);
  for (const char* name : {"i", "fs", "s"}) m.output(name);
  const graph::Graph g = parse(m);
  EXPECT_TRUE(g.nodes.empty());
  EXPECT_EQ(g.value(g.outputs[0]).constant.as<Index>()[0], 5);
  EXPECT_EQ(g.value(g.outputs[1]).constant.type(), (TensorType{DType::f32, {1}}));
  EXPECT_EQ(floats_of(g.value(g.outputs[2]).constant), (std::vector<float>{0, 8, 0, 0, 0, 9}));
}

TEST(Onnx, RefusesStringsOnlyWhereTheyAreRead) {
  OnnxModel m;
  onnx::TensorProto& t = *m.graph().add_initializer();
  t.set_name("words");
  t.set_data_type(onnx::TensorProto::STRING);
  t.add_string_data("hello");
  OnnxModel::attribute(m.node("Constant", {}, {"word"}), "value_string", AttributeProto::STRING)
      .set_s("hello");
  EXPECT_EQ(refusal(m), "");
  m.node("Identity", {"words"}, {"y"});
  EXPECT_SAYS(refusal(m), "node 'Identity:y' (Identity): reads 'words', which has type string");
  m.graph().mutable_node(1)->set_input(0, "word");
  EXPECT_SAYS(refusal(m), "reads 'word', which has type string");
}

namespace {
/// A model with one sparse initializer of shape [2, 3], whose fields a test can spoil.
struct SparseModel : OnnxModel {
  onnx::SparseTensorProto& sparse = *graph().add_sparse_initializer();
  SparseModel(const std::vector<long>& index_dims, const std::vector<long>& indices) {
    OnnxModel::floats(*sparse.mutable_values(), {2}, {8, 9}).set_name("w");
    OnnxModel::integers(*sparse.mutable_indices(), index_dims, indices);
    sparse.add_dims(2), sparse.add_dims(3);
    output("w");
  }
};
std::string sparse_refusal(const std::vector<long>& index_dims, const std::vector<long>& indices) {
  return refusal(SparseModel(index_dims, indices));
}
}  // namespace

TEST(Onnx, MakesSparseInitializersDense) {
  const graph::Graph g = parse(SparseModel({2}, {1, 5}));
  EXPECT_EQ(floats_of(g.value(g.outputs[0]).constant), (std::vector<float>{0, 8, 0, 0, 0, 9}));
}

TEST(Onnx, RefusesSparseTensorsWithWrongIndices) {
  EXPECT_SAYS(sparse_refusal({2}, {1, 6}), "value 1: index 6 is not in [0, 6)");
  EXPECT_SAYS(sparse_refusal({2}, {-1, 5}), "index -1 is not in");
  EXPECT_SAYS(sparse_refusal({2}, {5, 1}), "does not rise: 1 after 5");
  EXPECT_SAYS(sparse_refusal({2}, {5, 5}), "does not rise");
  EXPECT_SAYS(sparse_refusal({3}, {1, 3, 5}), "indices have shape [3] for 2 values");
  EXPECT_SAYS(sparse_refusal({2, 1}, {1, 5}), "indices have shape [2, 1]");
  EXPECT_SAYS(sparse_refusal({2, 2}, {0, 1, 0, 3}), "index 3 is not in [0, 3) of dimension 1");
  SparseModel huge({2}, {1, 5});
  huge.sparse.set_dims(0, 1L << 40);
  EXPECT_SAYS(refusal(huge), "bytes when dense, at most");
  huge.sparse.set_dims(0, 1L << 62);
  EXPECT_SAYS(refusal(huge), "does not fit 64 bits");
}

TEST(Onnx, CapturesThroughEveryLevel) {
  OnnxModel m;
  m.input("x", {2});
  m.input("c", {}, onnx::TensorProto::BOOL);
  onnx::NodeProto& outer_if = m.node("If", {"c"}, {"y"});
  for (const char* branch : {"then_branch", "else_branch"}) {
    onnx::GraphProto& outer = *OnnxModel::attribute(outer_if, branch, AttributeProto::GRAPH).mutable_g();
    onnx::NodeProto& inner_if = OnnxModel::fill(*outer.add_node(), "If", {"c"}, {"z"});
    for (const char* inner_branch : {"then_branch", "else_branch"}) {
      onnx::GraphProto& inner =
          *OnnxModel::attribute(inner_if, inner_branch, AttributeProto::GRAPH).mutable_g();
      OnnxModel::fill(*inner.add_node(), "Relu", {"x"}, {"r"});
      inner.add_output()->set_name("r");
    }
    outer.add_output()->set_name("z");
  }
  m.output("y");
  const graph::Graph g = parse(m);
  const auto branch_of = [](const graph::Node& node) {
    return std::get<std::shared_ptr<const graph::Graph>>(*node.find_attribute("then_branch"));
  };
  const auto outer = branch_of(g.nodes[0]);
  ASSERT_EQ(outer->captures.size(), 2u);
  EXPECT_EQ(outer->captures[0].outer, g.inputs[1]);
  EXPECT_EQ(outer->captures[1].outer, g.inputs[0]);
  const auto inner = branch_of(outer->nodes[0]);
  ASSERT_EQ(inner->captures.size(), 1u);
  EXPECT_EQ(inner->captures[0].outer, outer->captures[1].inner);
  EXPECT_EQ(inner->nodes[0].inputs[0], inner->captures[0].inner);
}

namespace {
/// y = f.scale(x), with f.scale(a; alpha) = LeakyRelu(a; alpha) + 1
struct FunctionModel : OnnxModel {
  onnx::FunctionProto& function = *proto.add_functions();
  onnx::NodeProto* call;
  FunctionModel() {
    onnx::OperatorSetIdProto& import = *proto.add_opset_import();
    import.set_domain("f");
    import.set_version(1);
    function.set_domain("f");
    function.set_name("scale");
    function.add_input("a");
    function.add_output("b");
    function.add_attribute("alpha");
    function.add_opset_import()->set_version(16);
    OnnxModel::attribute(OnnxModel::fill(*function.add_node(), "Constant", {}, {"one"}), "value_float",
                         AttributeProto::FLOAT)
        .set_f(1);
    OnnxModel::attribute(OnnxModel::fill(*function.add_node(), "LeakyRelu", {"a"}, {"t"}), "alpha",
                         AttributeProto::FLOAT)
        .set_ref_attr_name("alpha");
    OnnxModel::fill(*function.add_node(), "Add", {"t", "one"}, {"b"});
    input("x", {2});
    call = &node("scale", {"x"}, {"y"});
    call->set_domain("f");
    call->set_name("here");
    output("y");
  }
};
}  // namespace

TEST(Onnx, InlinesFunctions) {
  FunctionModel m;
  OnnxModel::attribute(*m.call, "alpha", AttributeProto::FLOAT).set_f(0.25f);
  const graph::Graph g = parse(m);
  ASSERT_EQ(g.nodes.size(), 2u);
  EXPECT_EQ(g.nodes[0].name, "here/LeakyRelu:t");
  EXPECT_EQ(g.nodes[0].float_attribute("alpha", 9), 0.25f);
  EXPECT_EQ(g.nodes[0].version, 16);
  EXPECT_EQ(g.nodes[0].inputs[0], g.inputs[0]);
  EXPECT_EQ(g.nodes[1].outputs[0], g.outputs[0]);
  EXPECT_TRUE(g.is_constant(g.nodes[1].inputs[1]));
}

TEST(Onnx, LeavesOutAFunctionsAttributeThatTheCallLeavesOut) {
  EXPECT_FALSE(parse(FunctionModel()).nodes[0].has_attribute("alpha"));
}

TEST(Onnx, GivesAFunctionsAttributeItsDefault) {
  FunctionModel m;
  AttributeProto alpha;
  alpha.set_name("alpha");
  alpha.set_type(AttributeProto::FLOAT);
  alpha.set_f(0.125f);
  m.function.GetReflection()
      ->MutableUnknownFields(&m.function)
      ->AddLengthDelimited(11, alpha.SerializeAsString());
  EXPECT_EQ(parse(m).nodes[0].float_attribute("alpha", 9), 0.125f);
}

TEST(Onnx, InlinesAFunctionThatHandsItsInputOn) {
  FunctionModel m;
  m.function.clear_node();
  m.function.set_output(0, "a");
  const graph::Graph g = parse(m);
  ASSERT_EQ(g.nodes.size(), 1u);
  EXPECT_EQ(g.nodes[0].op, "Identity");
}

TEST(Onnx, RefusesFunctionsThatCallThemselves) {
  FunctionModel m;
  OnnxModel::fill(*m.function.add_node(), "scale", {"a"}, {"u"}).set_domain("f");
  EXPECT_SAYS(refusal(m), "is a call of function 'f.scale' within itself");
}

TEST(Onnx, RefusesFunctionsThatGrowWithoutBound) {  // each calls the one before twice: 2^40 nodes
  FunctionModel m;
  for (int level = 0; level < 40; ++level) {
    onnx::FunctionProto& f = *m.proto.add_functions();
    f.set_domain("f");
    f.set_name("level" + std::to_string(level));
    f.add_output("b");
    OnnxModel::attribute(OnnxModel::fill(*f.add_node(), "Constant", {}, {"b"}), "value_int",
                         AttributeProto::INT)
        .set_i(1);
    for (const char* out : {"p", "q"}) {
      onnx::NodeProto& call =
          OnnxModel::fill(*f.add_node(), level ? "level" + std::to_string(level - 1) : "scale", {}, {out});
      call.set_domain("f");
    }
    auto& import = *f.add_opset_import();
    import.set_domain("f");
    import.set_version(1);
    f.add_opset_import()->set_version(16);
  }
  m.call->set_op_type("level39");
  m.call->clear_input();
  const std::string bytes = m.bytes();
  io::ReadOptions small;
  small.most_grown_bytes = 1 << 22;
  EXPECT_SAYS(test::message_of<Error>([&] { io::parse_onnx(std::as_bytes(std::span(bytes)), {}, small); }),
              "grow beyond the limit");
}
