// If, Loop and Scan (ONNX 1 to 25; Scan from 9 on): they run their subgraphs through ops::interpret.
#include <cstring>

#include "ops/expect.hpp"
#include "ops/list.hpp"

namespace tulle::ops {
namespace {
using Captured = std::span<const std::vector<Tensor>>;
constexpr Index kMostTrips = 1'000'000;  // of one loop: about a second with an empty body
constexpr int kDeepest = 60;              // subgraphs within subgraphs

bool deeper_than(const graph::Graph& g, int levels) {
  if (levels == 0) return true;
  for (const graph::Node& node : g.nodes)
    for (const auto& [key, attribute] : node.attributes)
      if (const auto* sub = std::get_if<std::shared_ptr<const graph::Graph>>(&attribute))
        if (deeper_than(**sub, levels - 1)) return true;
  return false;
}

struct Body {
  const graph::Graph& graph;
  std::span<const Tensor> captured;
};
/// The subgraph attribute of this name with its captures, which come in the order of the attributes' names.
Body body_of(const Call& call, Captured captured, std::string_view wanted) {
  std::size_t which = 0;
  for (const auto& [key, attribute] : call.node.attributes)
    if (const auto* sub = std::get_if<std::shared_ptr<const graph::Graph>>(&attribute)) {
      if (key == wanted) {
        if (deeper_than(**sub, kDeepest))
          call.fail("holds graphs more than " + std::to_string(kDeepest) + " deep");
        return {**sub, captured[which]};
      }
      ++which;
    }
  call.fail("has no graph '" + std::string(wanted) + "'");
}

bool truth(const Call& call, const TensorType& type, const void* data) {
  if (!data || type.dtype != DType::boolean || element_count_unchecked(type.shape) != 1)
    call.fail("its condition is " + std::string(name(type.dtype)) + to_string(type.shape) +
              "; want one bool");
  return *static_cast<const unsigned char*>(data) != 0;
}
Tensor tensor_of(const Argument& a) {
  return a.present ? Tensor::copy({a.type, a.data}) : Tensor();
}
Tensor scalar(Index value) {
  return Tensor::of<Index>(DType::i64, {}, std::span(&value, 1));
}
Tensor scalar(bool value) {
  return Tensor::of<std::uint8_t>(DType::boolean, {}, std::vector<std::uint8_t>{value});
}

std::vector<Tensor> run_if(const Call& call, Captured captured) {
  require_present(call, 0);
  const bool chosen = truth(call, call.input(0).type, call.input(0).data);
  const Body body = body_of(call, captured, chosen ? "then_branch" : "else_branch");
  return interpret(body.graph, {}, body.captured);
}

/// Collects one tensor a trip, to be stacked along a new axis.
class Stack {
 public:
  void push(const Call& call, Tensor t) {
    if (!parts_.empty() && t.type() != parts_.front().type())
      call.fail("a scan output changes from " + to_string(parts_.front().shape()) + " to " +
                to_string(t.shape()));
    bytes_ += static_cast<Index>(t.size_bytes());
    if (bytes_ > kLargestTensorBytes)
      call.fail("a scan output takes more than the limit of " + std::to_string(kLargestTensorBytes) +
                " bytes");
    parts_.push_back(std::move(t));
  }
  /// `unseen`: the type of a part when there is none.
  Tensor stacked(const Call& call, Index axis, bool backward, const TensorType& unseen) const {
    TensorType type = parts_.empty() ? unseen : parts_.front().type();
    const Index count = static_cast<Index>(parts_.size());
    axis = require_axis(call, axis, static_cast<Index>(type.shape.size()) + 1);
    const Index outer = count_between(type.shape, 0, axis);
    const std::size_t row = at(count_from(type.shape, axis)) * size_bytes(type.dtype);
    type.shape.insert(type.shape.begin() + axis, count);
    Tensor all(type);
    auto* to = static_cast<std::byte*>(all.mutable_data());
    for (Index o = 0; o < outer; ++o)
      for (Index i = 0; i < count; ++i, to += row) {
        const Tensor& part = parts_[at(backward ? count - 1 - i : i)];
        if (row) std::memcpy(to, static_cast<const std::byte*>(part.data()) + at(o) * row, row);
      }
    return all;
  }

 private:
  std::vector<Tensor> parts_;
  Index bytes_ = 0;
};

/// What a scan output that never ran would have held: the body's declaration, unknown dimensions as 0.
TensorType declared(const graph::Graph& g, std::size_t output) {
  const graph::Value& value = g.value(g.outputs[output]);
  TensorType type{value.declared_dtype.value_or(DType::f32), {}};
  if (value.type) return *value.type;
  if (value.declared)
    for (const graph::Dim& d : *value.declared) type.shape.push_back(std::max<Index>(0, d.size));
  return type;
}

void require_signature(const Call& call, const graph::Graph& g, std::size_t inputs,
                       std::size_t least_outputs) {
  if (g.inputs.size() != inputs || g.outputs.size() < least_outputs)
    call.fail("its body has " + std::to_string(g.inputs.size()) + " inputs and " +
              std::to_string(g.outputs.size()) + " outputs; want " + std::to_string(inputs) +
              " and at least " + std::to_string(least_outputs));
}

// Body: (trip, condition, carried...) to (condition, carried..., scanned...).
std::vector<Tensor> run_loop(const Call& call, Captured captured) {
  const Body body = body_of(call, captured, "body");
  const std::size_t carried = call.inputs.size() - std::min<std::size_t>(2, call.inputs.size());
  require_signature(call, body.graph, carried + 2, carried + 1);
  if (call.has(0)) require_dtype(call, 0, DType::i64);
  const auto limit = call.has(0) ? integer(call, 0) : std::nullopt;
  bool going = !call.has(1) || truth(call, call.input(1).type, call.input(1).data);
  std::vector<Tensor> state(carried + 2);
  for (std::size_t i = 0; i < carried; ++i) state[i + 2] = tensor_of(call.input(i + 2));
  std::vector<Stack> stacks(body.graph.outputs.size() - carried - 1);
  for (Index trip = 0; going && (!limit || trip < *limit); ++trip) {
    if (trip >= kMostTrips) call.fail("has run " + std::to_string(kMostTrips) + " times, which is the limit");
    state[0] = scalar(trip), state[1] = scalar(going);
    std::vector<Tensor> made = interpret(body.graph, state, body.captured);
    going = truth(call, made[0].type(), made[0].data());
    for (std::size_t i = 0; i < carried; ++i) state[i + 2] = std::move(made[i + 1]);
    for (std::size_t i = 0; i < stacks.size(); ++i) stacks[i].push(call, std::move(made[carried + 1 + i]));
  }
  std::vector<Tensor> outputs(state.begin() + 2, state.end());
  for (std::size_t i = 0; i < stacks.size(); ++i)
    outputs.push_back(stacks[i].stacked(call, 0, false, declared(body.graph, carried + 1 + i)));
  return outputs;
}

/// Element i along the axis, which disappears.
Tensor part(const Argument& a, Index axis, Index i) {
  TensorType type = a.type;
  const Index count = type.shape[at(axis)], outer = count_between(type.shape, 0, axis);
  const std::size_t row = at(count_from(type.shape, axis + 1)) * size_bytes(type.dtype);
  type.shape.erase(type.shape.begin() + axis);
  Tensor t(type);
  for (Index o = 0; o < outer; ++o)
    if (row)
      std::memcpy(static_cast<std::byte*>(t.mutable_data()) + at(o) * row,
                  static_cast<const std::byte*>(a.data) + at(o * count + i) * row, row);
  return t;
}

struct ScanPlan {
  std::size_t states, scans, outputs;  ///< carried states, scanned inputs, stacked outputs
  std::vector<Index> in_axes, in_backward, out_axes, out_backward;
  Index trips = 0;
};
std::vector<Index> one_each(const Call& call, const char* key, std::size_t count) {
  std::vector<Index> list = call.node.ints_attribute(key, std::vector<Index>(count, 0));
  if (list.size() != count)
    call.fail("attribute '" + std::string(key) + "' has " + std::to_string(list.size()) + " entries; want " +
              std::to_string(count));
  return list;
}
ScanPlan scan_plan(const Call& call, const graph::Graph& g) {
  ScanPlan p;
  p.scans = at(bounded_attribute(call, "num_scan_inputs", 0, 1, static_cast<Index>(call.inputs.size())));
  p.states = call.inputs.size() - p.scans;
  require_signature(call, g, call.inputs.size(), p.states);
  p.outputs = g.outputs.size() - p.states;
  p.in_axes = one_each(call, "scan_input_axes", p.scans);
  p.in_backward = one_each(call, "scan_input_directions", p.scans);
  p.out_axes = one_each(call, "scan_output_axes", p.outputs);
  p.out_backward = one_each(call, "scan_output_directions", p.outputs);
  for (std::size_t i = 0; i < p.scans; ++i) {
    require_present(call, p.states + i);
    const Argument& a = call.input(p.states + i);
    p.in_axes[i] = require_axis(call, p.in_axes[i], a.rank());
    const Index length = a.shape()[at(p.in_axes[i])];
    if (i > 0 && length != p.trips)
      call.fail("scans " + std::to_string(p.trips) + " and " + std::to_string(length) + " elements at once");
    p.trips = length;
  }
  if (p.trips > kMostTrips)
    call.fail("would run " + std::to_string(p.trips) + " times; the limit is " + std::to_string(kMostTrips));
  return p;
}

// Body: (states..., elements...) to (states..., elements...).
std::vector<Tensor> run_scan(const Call& call, Captured captured) {
  const Body body = body_of(call, captured, "body");
  const ScanPlan p = scan_plan(call, body.graph);
  std::vector<Tensor> inputs(call.inputs.size());
  for (std::size_t i = 0; i < p.states; ++i) inputs[i] = tensor_of(call.input(i));
  std::vector<Stack> stacks(p.outputs);
  for (Index trip = 0; trip < p.trips; ++trip) {
    for (std::size_t i = 0; i < p.scans; ++i)
      inputs[p.states + i] =
          part(call.input(p.states + i), p.in_axes[i], p.in_backward[i] ? p.trips - 1 - trip : trip);
    std::vector<Tensor> made = interpret(body.graph, inputs, body.captured);
    for (std::size_t i = 0; i < p.states; ++i) inputs[i] = std::move(made[i]);
    for (std::size_t i = 0; i < p.outputs; ++i) stacks[i].push(call, std::move(made[p.states + i]));
  }
  std::vector<Tensor> outputs(inputs.begin(), inputs.begin() + static_cast<Index>(p.states));
  for (std::size_t i = 0; i < p.outputs; ++i)
    outputs.push_back(
        stacks[i].stacked(call, p.out_axes[i], p.out_backward[i] != 0, declared(body.graph, p.states + i)));
  return outputs;
}
}  // namespace
extern const Operator kIf{"If", "", 1, 1, 1, nullptr, nullptr, run_if};
extern const Operator kLoop{"Loop", "", 1, 2, 1000, nullptr, nullptr, run_loop};
extern const Operator kScan{"Scan", "", 9, 1, 1000, nullptr, nullptr, run_scan};
}  // namespace tulle::ops
