// f(DepthToSpace(x)) -> DepthToSpace(f(x)) for what treats the pixels of a channel alike: activations, one
// constant for each channel, BatchNormalization. Before it they go into the convolution that made x.
#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
struct Spread {
  Index block, channels;
  bool neighbours;  ///< mode CRD: a channel's pixels are channels beside each other in x
  Index phases() const { return block * block; }
};

/// A value for each channel of the output as one for each channel of x.
Tensor before(const Spread& s, std::span<const float> values, Shape shape) {
  Tensor out(TensorType{DType::f32, std::move(shape)});
  auto to = out.as_mutable<float>();
  for (Index c = 0; c < s.channels; ++c)
    for (Index p = 0; p < s.phases(); ++p)
      to[static_cast<std::size_t>(s.neighbours ? c * s.phases() + p : p * s.channels + c)] =
          values[static_cast<std::size_t>(c)];
  return out;
}

bool is_binary(const Node& n) {
  return n.domain.empty() && (n.op == "Add" || n.op == "Sub" || n.op == "Mul" || n.op == "Div") &&
         n.inputs.size() == 2;
}

/// The node's constants as they are before the rearrangement; nullopt: it must stay behind.
std::optional<std::vector<Tensor>> moved_constants(const Rewriter& r, const Node& n, ValueId y,
                                                   const Spread& s) {
  const Shape full = *r.f32_shape(y);
  std::vector<Tensor> moved;
  if (n.domain == "tulle" && n.op == "Activation") return moved;
  if (n.domain.empty() && n.op == "BatchNormalization" && n.outputs.size() == 1 && n.inputs.size() == 5) {
    for (std::size_t i = 1; i < 5; ++i) {
      const Tensor& t = r.constant_of(n.inputs[i]);
      if (t.empty() || t.dtype() != DType::f32 || t.count() != s.channels) return std::nullopt;
      moved.push_back(before(s, t.as<float>(), {s.channels * s.phases()}));
    }
    return moved;
  }
  if (!is_binary(n) || r.f32_shape(n.outputs[0]) != full) return std::nullopt;
  const auto values = per_channel(r.constant_of(other_of(n.inputs, y)), full, 1);
  if (!values) return std::nullopt;
  moved.push_back(before(s, *values, {1, s.channels * s.phases(), 1, 1}));
  return moved;
}

bool move_behind(Rewriter& r, int spread, int reader) {
  const Node first = r.node(spread), second = r.node(reader);
  const ValueId x = first.inputs[0], y = first.outputs[0];
  const auto full = r.f32_shape(y);
  if (!full || full->size() != 4) return false;
  const Spread s{first.int_attribute("blocksize", 1), (*full)[1],
                 first.string_attribute("mode", "DCR") == "CRD"};
  const auto constants = moved_constants(r, second, y, s);
  if (!constants) return false;
  Node moved = second;
  moved.outputs.clear();
  std::size_t next = 0;
  for (ValueId& id : moved.inputs)
    id = id == y ? x : r.constant(second.name + ".before", (*constants)[next++]);
  Node last = first;
  last.name = second.name;
  moved.name = second.name + ".before";
  last.inputs[0] = r.insert_before(reader, std::move(moved), *r.type(x));
  r.note(second.name);
  r.replace(reader, std::move(last));
  return true;
}
}  // namespace

void sink_depth_to_space(Rewriter& r) {
  for (int n = 0; n < r.size(); ++n) {
    if (!r.is(n, "DepthToSpace")) continue;
    // The rearrangement takes the reader's place in the order, so the loop meets it there again.
    if (const int reader = r.only_reader(r.node(n).outputs[0]); reader != kNobody) move_behind(r, n, reader);
  }
}
}  // namespace tulle::passes
