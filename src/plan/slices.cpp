#include "plan/slices.hpp"
#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include "core/cpu.hpp"
#include "formats/layout.hpp"

namespace tulle::plan {
using graph::Graph;
using graph::Node;
using graph::ValueId;

namespace {
constexpr Index kColumns = 128;         // tokens or pixels that use each weight often enough
constexpr double kColumnsFilled = 0.6;  // of them, over all weights
constexpr double kLanesFilled = 0.6;    // of the 16 lanes of a panel

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

// A product of one item of the batch.
struct Work {
  double nnz = 0;
  Index columns = 0;  // tokens or pixels
  double bytes = 0;   // of activations, in and out
};

double count_nonzero(const Tensor& t) {
  const auto w = t.as<float>();
  return static_cast<double>(w.size() - static_cast<std::size_t>(std::count(w.begin(), w.end(), 0.0f)));
}

std::vector<Work> products(const Graph& g, Index batch) {
  std::vector<Work> work;
  for (const Node& n : g.nodes) {
    if (n.domain != "tulle" || (n.op != "Linear" && n.op != "Conv") || !g.is_constant(n.inputs[1])) continue;
    const Shape& y = shape(g, n.outputs[0]);
    const Index out = element_count(y) / batch, in = element_count(shape(g, n.inputs[0])) / batch;
    const Index features = n.op == "Conv" ? y[1] : y.back();
    work.push_back({count_nonzero(g.value(n.inputs[1]).constant), out / std::max<Index>(1, features), 4.0 * static_cast<double>(in + out)});
  }
  return work;
}

// How well `part` items fill `wanted` columns, over all weights.
double filled(const std::vector<Work>& work, Index part, Index wanted) {
  double sum = 0, all = 0;
  for (const Work& w : work) {
    sum += w.nnz * static_cast<double>(std::min(part * w.columns, wanted));
    all += w.nnz * static_cast<double>(wanted);
  }
  return all > 0 ? sum / all : 1;
}

double largest_activation(const std::vector<Work>& work) {
  double bytes = 0;
  for (const Work& w : work) bytes = std::max(bytes, w.bytes);
  return bytes;
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
  const std::vector<Work> work = products(g, batch);
  if (work.empty() || !items_apart(g, batch)) return 0;
  const double cache = static_cast<double>(cpu_info().l2_bytes);
  Index best = batch;  // the fewest items that fill lanes and use weights often; fewer when they would leave the cache
  for (Index part = batch; part >= 1; --part) {
    if (batch % part != 0 || filled(work, part, kLanes) < kLanesFilled) continue;
    const bool reuses = filled(work, part, kColumns) >= kColumnsFilled;
    const bool fits = static_cast<double>(best) * largest_activation(work) <= cache;
    if (reuses || !fits) best = part;
  }
  return best == batch ? 0 : best;
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
