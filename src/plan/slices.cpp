#include "plan/slices.hpp"
#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace tulle::plan {
using graph::Graph;
using graph::Node;
using graph::ValueId;

namespace {
constexpr Index kColumns = 128;  // tokens or pixels that fill the lanes and use each weight often enough

// Operators that treat the items of dimension 0 apart whatever their attributes say.
constexpr std::array<std::string_view, 30> kApart = {
    "Conv", "Linear", "Activation", "Attention", "LayerNormalization", "MaxPool", "AveragePool", "GlobalAveragePool",
    "GlobalMaxPool", "BatchNormalization", "InstanceNormalization", "Add", "Sub", "Mul", "Div", "Pow", "Sqrt", "Min", "Max",
    "Where", "Equal", "Cast", "PRelu", "Identity", "Sigmoid", "Tanh", "Exp", "DepthToSpace", "Neg", "Relu"};

const Shape& shape(const Graph& g, ValueId id) { return g.value(id).type->shape; }

bool has_batch(const Graph& g, ValueId id, Index batch) {
  return id != graph::kAbsent && g.value(id).type && !shape(g, id).empty() && shape(g, id)[0] == batch;
}

bool items_equal(const Tensor& t) {
  const std::size_t item = t.size_bytes() / static_cast<std::size_t>(t.shape()[0]);
  const auto* bytes = static_cast<const std::byte*>(t.data());
  for (std::size_t at = item; at < t.size_bytes(); at += item)
    if (std::memcmp(bytes, bytes + at, item) != 0) return false;
  return true;
}

// Constants broadcast over the batch (dimension 0 is 1 or missing), are weights, or hold the same for every item.
bool constant_is_shared(const Graph& g, const Node& n, std::size_t input, std::size_t rank) {
  const Tensor& t = g.value(n.inputs[input]).constant;
  const bool weight = n.domain == "tulle" || n.op == "Conv" || n.op == "PRelu" || n.op.ends_with("Normalization");
  return weight || t.shape().size() < rank || t.shape()[0] == 1 || items_equal(t);
}

bool keeps_axis0(const Graph& g, const Node& n) {
  const Shape& x = shape(g, n.inputs[0]);
  const auto rank = static_cast<Index>(x.size());
  const auto axis = [&](Index otherwise) {
    const Index a = n.int_attribute("axis", otherwise);
    return a < 0 ? a + rank : a;
  };
  if (n.op == "Concat") return axis(0) != 0;
  if (n.op == "Softmax" || n.op == "LogSoftmax") return axis(-1) != 0;
  if (n.op == "Flatten") return axis(1) == 1;
  if (n.op == "Transpose") return !n.ints_attribute("perm").empty() && n.ints_attribute("perm")[0] == 0;
  if (n.op == "Reshape" || n.op == "Squeeze" || n.op == "Unsqueeze")
    return shape(g, n.outputs[0]).size() > 0 && shape(g, n.outputs[0])[0] == x[0];
  if (n.op == "Gather") return axis(0) != 0 || g.is_constant(n.inputs[0]);
  if (n.op == "ReduceMean" || n.op == "ReduceSum" || n.op == "ReduceMax" || n.op == "ReduceL2")
    return n.int_attribute("keepdims", 1) == 1 && shape(g, n.outputs[0])[0] == x[0] && x[0] > 1;
  if (n.op == "MatMul") return rank >= 3;
  return std::find(kApart.begin(), kApart.end(), n.op) != kApart.end();
}

bool items_apart(const Graph& g, Index batch) {
  for (const Node& n : g.nodes) {
    if (!has_batch(g, n.outputs[0], batch)) return false;
    const std::size_t rank = shape(g, n.outputs[0]).size();
    bool some = false;
    for (std::size_t i = 0; i < n.inputs.size(); ++i) {
      if (n.inputs[i] == graph::kAbsent) continue;
      if (g.is_constant(n.inputs[i])) {
        if (!constant_is_shared(g, n, i, rank)) return false;
        continue;
      }
      // Where an operand of lower rank meets the batch by broadcasting, its dimension 0 would not be the batch.
      if (!has_batch(g, n.inputs[i], batch)) return false;
      some = true;
    }
    if (!some || !keeps_axis0(g, n)) return false;
  }
  return true;
}

// Columns that one item brings to the smallest and to the largest product.
struct Columns {
  Index fewest = 0, most = 0;
};
Columns columns_per_item(const Graph& g, Index batch) {
  Columns c;
  for (const Node& n : g.nodes) {
    if (n.domain != "tulle" || (n.op != "Linear" && n.op != "Conv")) continue;
    const Shape& y = shape(g, n.outputs[0]);
    Index columns = element_count(y) / batch / std::max<Index>(1, n.op == "Conv" ? y[1] : y.back());
    c.fewest = c.most == 0 ? columns : std::min(c.fewest, columns);
    c.most = std::max(c.most, columns);
  }
  return c;
}

Index divisor_from(Index batch, Index least) {
  for (Index d = std::max<Index>(1, least); d < batch; ++d)
    if (batch % d == 0) return d;
  return 0;
}
}  // namespace

Index slice_size(const Graph& g) {
  if (g.inputs.empty() || !g.value(g.inputs[0]).type || shape(g, g.inputs[0]).empty()) return 0;
  const Index batch = shape(g, g.inputs[0])[0];
  if (batch <= 1) return 0;
  for (ValueId id : g.inputs)
    if (!has_batch(g, id, batch)) return 0;
  for (ValueId id : g.outputs)
    if (!has_batch(g, id, batch)) return 0;
  const Columns columns = columns_per_item(g, batch);
  if (columns.most == 0 || !items_apart(g, batch)) return 0;
  // Networks whose products all have many columns go item by item; a classifier of one column an item at the end of
  // large maps does not count, at the end of small ones it decides.
  const Index item = columns.most >= 16 * kColumns ? columns.most : std::max<Index>(1, columns.fewest);
  return divisor_from(batch, (kColumns + item - 1) / item);
}

Graph with_free_batch(const Graph& model) {
  Graph g = model;
  for (ValueId id : g.inputs)
    if (auto& declared = g.value(id).declared; declared && !declared->empty()) (*declared)[0] = {};
  return g;
}

bool same_but_batch(const Graph& whole, const Graph& sliced, Index part) {
  if (whole.nodes.size() != sliced.nodes.size()) return false;
  for (std::size_t i = 0; i < whole.nodes.size(); ++i) {
    const Node &a = whole.nodes[i], &b = sliced.nodes[i];
    if (a.op != b.op || a.name != b.name || a.outputs.size() != b.outputs.size()) return false;
    for (std::size_t k = 0; k < a.outputs.size(); ++k) {
      if (a.outputs[k] == graph::kAbsent) continue;
      const auto &x = whole.value(a.outputs[k]).type, &y = sliced.value(b.outputs[k]).type;
      if (!x || !y || x->dtype != y->dtype || x->shape.size() != y->shape.size() || y->shape.empty()) return false;
      if (y->shape[0] != part || !std::equal(x->shape.begin() + 1, x->shape.end(), y->shape.begin() + 1)) return false;
    }
  }
  return true;
}
}  // namespace tulle::plan
