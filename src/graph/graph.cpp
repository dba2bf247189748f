#include "graph/graph.hpp"
#include <algorithm>

namespace tulle::graph {
namespace {
template <class T> T attribute(const Node& node, std::string_view name, T otherwise, const char* kind) {
  const Attribute* found = node.find_attribute(name);
  if (!found) return otherwise;
  if (const T* value = std::get_if<T>(found)) return *value;
  throw Error("node '" + node.name + "' (" + node.op + ")",
              "attribute '" + std::string(name) + "' is not " + kind);
}

std::string type_text(const Value& v) {
  if (!v.type) return "?";
  return std::string(name(v.type->dtype)) + to_string(v.type->shape);
}

std::string reference_text(const Graph& g, ValueId id) {
  if (id == kAbsent) return "_";
  return (g.is_constant(id) ? "$" : "%") + std::to_string(id);
}
}  // namespace

const Attribute* Node::find_attribute(std::string_view key) const {
  const auto it = attributes.find(key);
  return it == attributes.end() ? nullptr : &it->second;
}
Index Node::int_attribute(std::string_view key, Index otherwise) const {
  return attribute<Index>(*this, key, otherwise, "an integer");
}
float Node::float_attribute(std::string_view key, float otherwise) const {
  return attribute<float>(*this, key, otherwise, "a float");
}
std::string Node::string_attribute(std::string_view key, std::string_view otherwise) const {
  return attribute<std::string>(*this, key, std::string(otherwise), "a string");
}
std::vector<Index> Node::ints_attribute(std::string_view key, std::vector<Index> otherwise) const {
  return attribute<std::vector<Index>>(*this, key, std::move(otherwise), "a list of integers");
}
std::vector<float> Node::floats_attribute(std::string_view key, std::vector<float> otherwise) const {
  return attribute<std::vector<float>>(*this, key, std::move(otherwise), "a list of floats");
}

Uses uses(const Graph& g) {
  Uses u{std::vector<int>(g.values.size(), -1), std::vector<std::vector<int>>(g.values.size()),
         std::vector<bool>(g.values.size(), false)};
  for (std::size_t n = 0; n < g.nodes.size(); ++n) {
    for (ValueId id : g.nodes[n].inputs)
      if (id != kAbsent) u.readers[static_cast<std::size_t>(id)].push_back(static_cast<int>(n));
    for (ValueId id : g.nodes[n].outputs)
      if (id != kAbsent) u.producer[static_cast<std::size_t>(id)] = static_cast<int>(n);
    for (const auto& [key, attribute] : g.nodes[n].attributes)
      if (const auto* sub = std::get_if<std::shared_ptr<const Graph>>(&attribute))
        for (const Capture& c : (*sub)->captures) u.readers[static_cast<std::size_t>(c.outer)].push_back(static_cast<int>(n));
  }
  for (ValueId id : g.outputs) u.is_output[static_cast<std::size_t>(id)] = true;
  return u;
}

namespace {
std::vector<ValueId> values_read(const Node& node) {
  std::vector<ValueId> ids = node.inputs;
  for (const auto& [key, attribute] : node.attributes)
    if (const auto* sub = std::get_if<std::shared_ptr<const Graph>>(&attribute))
      for (const Capture& c : (*sub)->captures) ids.push_back(c.outer);
  std::erase(ids, kAbsent);
  return ids;
}

std::vector<bool> values_given(const Graph& g) {
  std::vector<bool> given(g.values.size(), false);
  for (ValueId id : g.inputs) given[static_cast<std::size_t>(id)] = true;
  for (const Capture& c : g.captures) given[static_cast<std::size_t>(c.inner)] = true;
  for (std::size_t v = 0; v < g.values.size(); ++v)
    if (!g.values[v].constant.empty()) given[v] = true;
  return given;
}

void check_makers(const Graph& g, const std::vector<bool>& given) {
  std::vector<const Node*> maker(g.values.size(), nullptr);
  for (const Node& node : g.nodes)
    for (ValueId id : node.outputs) {
      if (id == kAbsent) continue;
      const auto v = static_cast<std::size_t>(id);
      if (maker[v] || given[v])
        throw Error("node '" + node.name + "' (" + node.op + ")",
                    "makes '" + g.values[v].name + "', which " +
                        (maker[v] ? "node '" + maker[v]->name + "' makes too" : "is an input or a constant"));
      maker[v] = &node;
    }
  for (const Node& node : g.nodes)
    for (ValueId id : values_read(node))
      if (const auto v = static_cast<std::size_t>(id); !maker[v] && !given[v])
        throw Error("node '" + node.name + "' (" + node.op + ")",
                    "reads '" + g.values[v].name + "', which nothing makes");
  for (ValueId id : g.outputs)
    if (const auto v = static_cast<std::size_t>(id); !maker[v] && !given[v])
      throw Error("output '" + g.values[v].name + "'", "nothing makes it");
}
}  // namespace

void sort_and_check(Graph& g) {
  std::vector<bool> ready = values_given(g);
  check_makers(g, ready);
  // Kahn's algorithm; nodes that were in order stay in the file's order.
  std::vector<int> missing(g.nodes.size(), 0);
  std::vector<std::vector<int>> waiting(g.values.size());
  for (std::size_t n = 0; n < g.nodes.size(); ++n)
    for (ValueId id : values_read(g.nodes[n]))
      if (!ready[static_cast<std::size_t>(id)]) {
        ++missing[n];
        waiting[static_cast<std::size_t>(id)].push_back(static_cast<int>(n));
      }
  std::vector<int> queue;
  for (std::size_t n = 0; n < g.nodes.size(); ++n)
    if (missing[n] == 0) queue.push_back(static_cast<int>(n));
  std::vector<int> heap(queue);
  std::make_heap(heap.begin(), heap.end(), std::greater<>());
  std::vector<Node> sorted;
  std::vector<bool> placed(g.nodes.size(), false);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    const auto n = static_cast<std::size_t>(heap.back());
    heap.pop_back();
    placed[n] = true;
    for (ValueId id : g.nodes[n].outputs)
      if (id != kAbsent)
        for (int reader : waiting[static_cast<std::size_t>(id)])
          if (--missing[static_cast<std::size_t>(reader)] == 0) {
            heap.push_back(reader);
            std::push_heap(heap.begin(), heap.end(), std::greater<>());
          }
    sorted.push_back(std::move(g.nodes[n]));
  }
  for (std::size_t n = 0; n < g.nodes.size(); ++n)
    if (!placed[n])
      throw Error("node '" + g.nodes[n].name + "' (" + g.nodes[n].op + ")", "is part of a cycle");
  g.nodes = std::move(sorted);
}

std::string to_text(const Graph& g) {
  std::string text;
  for (const Node& node : g.nodes) {
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      const ValueId id = node.outputs[i];
      text += (i ? ", " : "") + reference_text(g, id);
      if (id != kAbsent) text += ":" + type_text(g.value(id));
    }
    text += " = " + (node.domain.empty() ? "" : node.domain + ".") + node.op + "(";
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      text += (i ? ", " : "") + reference_text(g, node.inputs[i]);
    text += ") # " + node.name + "\n";
  }
  return text;
}
}  // namespace tulle::graph
