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
#define EXPECT_SAYS(message, part) \
  EXPECT_NE((message).find(part), std::string::npos) << "it says: " << (message)

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
