#pragma once
#include <string>

#include "ops/op.hpp"
// One node and its inputs, written in a line, for the tests of operators.
namespace tulle::ops_test {
using namespace ops;
using Attributes = std::map<std::string, graph::Attribute, std::less<>>;

inline graph::Node node(std::string op, int version, Attributes attributes = {}, std::size_t outputs = 1) {
  return {.name = "n",
          .op = std::move(op),
          .domain = "",
          .version = version,
          .inputs = {},
          .outputs = std::vector<graph::ValueId>(outputs, 0),
          .attributes = std::move(attributes)};
}
template <class T>
Tensor tensor(DType dtype, Shape shape, std::vector<T> values) {
  return Tensor::of<T>(dtype, std::move(shape), std::span<const T>(values));
}
inline Tensor floats(Shape shape, std::vector<float> values) {
  return tensor(DType::f32, std::move(shape), std::move(values));
}
inline Tensor longs(Shape shape, std::vector<Index> values) {
  return tensor(DType::i64, std::move(shape), std::move(values));
}
inline Tensor list(std::vector<Index> values) {
  const Shape shape{static_cast<Index>(values.size())};
  return longs(shape, std::move(values));
}
template <class T>
std::vector<T> values(const Tensor& t) {
  return {t.as<T>().begin(), t.as<T>().end()};
}

/// The first output.
inline Tensor run(const graph::Node& n, std::vector<Tensor> inputs) {
  return evaluate(n, inputs).at(0);
}
/// What the node says when it refuses, or "accepted".
inline std::string refusal(const graph::Node& n, std::vector<Tensor> inputs) {
  try {
    evaluate(n, inputs);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}
/// What infer says when no data are known: the shapes, "unknown", or the refusal.
inline std::string shapes(const graph::Node& n, const std::vector<TensorType>& inputs) {
  std::vector<Argument> arguments;
  for (const TensorType& type : inputs) arguments.push_back({true, type, nullptr});
  try {
    const Types types = ops::find(n.op, n.domain, n.version)->infer({n, arguments});
    std::string text = types ? "" : "unknown";
    for (std::size_t i = 0; types && i < types->size(); ++i)
      text += (i ? ", " : "") + to_string((*types)[i].shape);
    return text;
  } catch (const Error& e) {
    return e.what();
  }
}
}  // namespace tulle::ops_test
