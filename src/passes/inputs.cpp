#include "passes/inputs.hpp"

#include <algorithm>

#include "core/checked.hpp"

namespace tulle::passes {
namespace {
using graph::Dim;
using graph::Graph;
using graph::Value;

std::string declared_text(const std::vector<Dim>& dims) {
  std::string text = "[";
  for (const Dim& d : dims) {
    if (text.size() > 1) text += ", ";
    text += d.size >= 0 ? std::to_string(d.size) : d.symbol.empty() ? "?" : d.symbol;
  }
  return text + "]";
}

std::string input_names(const Graph& g) {
  std::string text;
  for (graph::ValueId id : g.inputs) text += (text.empty() ? "'" : ", '") + g.value(id).name + "'";
  return text.empty() ? "none" : text;
}

void refuse_unknown_names(const Graph& g, const std::map<std::string, Shape>& shapes) {
  for (const auto& [name, shape] : shapes)
    if (std::none_of(g.inputs.begin(), g.inputs.end(), [&](auto id) { return g.value(id).name == name; }))
      throw Error("input '" + name + "'", "the model has no such input; it has " + input_names(g));
}

Shape given_or_declared(const Value& input, const std::map<std::string, Shape>& shapes) {
  if (const auto it = shapes.find(input.name); it != shapes.end()) return it->second;
  const std::string wanted = input.declared ? "the model declares " + declared_text(*input.declared)
                                            : std::string("the model declares no shape either");
  Shape shape;
  const bool fixed = input.declared && std::all_of(input.declared->begin(), input.declared->end(),
                                                   [](const Dim& d) { return d.size >= 0; });
  if (!fixed) throw Error("input '" + input.name + "'", "no shape was given; " + wanted);
  for (const Dim& d : *input.declared) shape.push_back(d.size);
  return shape;
}

struct Bound {
  Index size;
  std::string input;
};

// Exporters write these where they know no name; they say nothing about equality.
bool is_named(const std::string& symbol) {
  return !symbol.empty() && symbol != "?" && symbol != "-1" && symbol != "None";
}

void check(const Value& input, const Shape& shape, std::map<std::string, Bound>& symbols) {
  const std::string where = "input '" + input.name + "'";
  const Index bytes = checked_mul(element_count(shape, where.c_str()),
                                  static_cast<Index>(size_bytes(input.declared_dtype.value_or(DType::f32))));
  if (bytes > kLargestTensorBytes)
    throw Error(where, to_string(shape) + " takes " + std::to_string(bytes) + " bytes; want at most " +
                           std::to_string(kLargestTensorBytes));
  if (!input.declared) return;
  const std::string got = "got " + to_string(shape) + "; want " + declared_text(*input.declared);
  if (shape.size() != input.declared->size())
    throw Error(where, got + " (rank " + std::to_string(input.declared->size()) + ")");
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const Dim& d = (*input.declared)[i];
    if (d.size >= 0 && d.size != shape[i])
      throw Error(where, got + " (dimension " + std::to_string(i) + " is " + std::to_string(shape[i]) + ")");
    if (d.size >= 0 || !is_named(d.symbol)) continue;
    const auto [it, added] = symbols.try_emplace(d.symbol, Bound{shape[i], input.name});
    if (!added && it->second.size != shape[i])
      throw Error(where, got + ", where '" + d.symbol + "' is " + std::to_string(it->second.size) +
                             " by input '" + it->second.input + "'");
  }
}
}  // namespace

void set_input_types(Graph& g, const std::map<std::string, Shape>& shapes) {
  refuse_unknown_names(g, shapes);
  std::map<std::string, Bound> symbols;
  for (graph::ValueId id : g.inputs) {
    Value& input = g.value(id);
    Shape shape = given_or_declared(input, shapes);
    check(input, shape, symbols);
    input.type = TensorType{input.declared_dtype.value_or(DType::f32), std::move(shape)};
  }
}
}  // namespace tulle::passes
