#pragma once
#include <gtest/gtest.h>

#include <random>

#include "ops/op.hpp"

namespace tulle::test {
using Attributes = std::map<std::string, graph::Attribute, std::less<>>;

inline Tensor floats(Shape shape, std::vector<float> values) {
  return Tensor::of<float>(DType::f32, std::move(shape), values);
}
inline Tensor longs(Shape shape, std::vector<Index> values) {
  return Tensor::of<Index>(DType::i64, std::move(shape), values);
}
/// Uniform in [-1, 1].
inline Tensor random(Shape shape, unsigned seed) {
  std::mt19937 bits(seed);
  std::uniform_real_distribution<float> real(-1, 1);
  Tensor t(TensorType{DType::f32, std::move(shape)});
  for (float& x : t.as_mutable<float>()) x = real(bits);
  return t;
}

/// The node's outputs, `outputs` of them named.
inline std::vector<Tensor> run(std::string op, int version, Attributes attributes,
                               const std::vector<Tensor>& inputs, std::size_t outputs = 1,
                               std::string domain = "") {
  graph::Node node{.name = "n", .op = std::move(op), .domain = std::move(domain), .version = version};
  node.attributes = std::move(attributes);
  for (std::size_t i = 0; i < outputs; ++i) node.outputs.push_back(static_cast<graph::ValueId>(i));
  return ops::evaluate(node, inputs);
}
/// What the Error says, or "accepted".
inline std::string refusal(std::string op, int version, Attributes attributes,
                           const std::vector<Tensor>& inputs, std::string domain = "") {
  try {
    run(std::move(op), version, std::move(attributes), inputs, 1, std::move(domain));
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

template <class T = float>
void expect_near(const Tensor& got, const Shape& shape, std::vector<double> want, double tolerance) {
  ASSERT_EQ(got.shape(), shape);
  ASSERT_EQ(static_cast<std::size_t>(got.count()), want.size());
  for (std::size_t i = 0; i < want.size(); ++i)
    EXPECT_NEAR(static_cast<double>(got.as<T>()[i]), want[i], tolerance) << "element " << i;
}
}  // namespace tulle::test
