// Types and data flow forward through the nodes once, in their order: what has known data is computed now.
#include <algorithm>
#include <numeric>
#include <utility>

#include "ops/op.hpp"
#include "passes/inputs.hpp"
#include "passes/no_op.hpp"
#include "passes/passes.hpp"
#include "passes/rewriter.hpp"

namespace tulle::passes {
namespace {
using graph::Value;
using ops::Argument;
using ops::Call;

// Larger results are computed at each run, unless they are small beside what they are made from: a file of a
// few bytes must not grow to gigabytes here.
constexpr std::size_t kLargestFoldBytes = std::size_t{64} << 20;
constexpr std::size_t kLargestFoldGrowth = 4;

bool shares_bytes(const Node& node) {
  constexpr std::string_view kViews[] = {"Reshape", "Flatten", "Squeeze", "Unsqueeze"};
  return node.domain.empty() && std::ranges::find(kViews, node.op) != std::end(kViews);
}
bool needs_types_only(const Node& node) {
  return node.domain.empty() && (node.op == "Shape" || node.op == "Size");
}

class Specializer {
 public:
  explicit Specializer(Graph g) : g_(std::move(g)), stand_in_(g_.values.size()) {
    std::iota(stand_in_.begin(), stand_in_.end(), 0);
  }

  Graph run(Log& log) {
    for (Node& node : std::exchange(g_.nodes, {})) visit(std::move(node));
    settle_outputs();
    const std::size_t dead = remove_dead();
    report(log, dead);
    ops::require_known(g_);
    return std::move(g_);
  }

 private:
  std::size_t at(ValueId id) const { return static_cast<std::size_t>(id); }
  ValueId resolve(ValueId id) const { return id == kAbsent ? kAbsent : stand_in_[at(id)]; }

  void visit(Node node) {
    if (node.outputs.empty()) return;  // makes nothing
    map_reads(node, [&](ValueId id) { return resolve(id); });
    if (has_known_condition(node)) return inline_branch(node);
    const ops::Operator* op = ops::find(node.op, node.domain, node.version);
    if (op) check_input_count(*op, node);
    if (op && op->infer) {
      const auto arguments = arguments_of(node);
      if (arguments && settle(*op, node, *arguments)) return;
    }
    g_.nodes.push_back(std::move(node));
  }

  bool has_known_condition(const Node& node) const {
    if (node.op != "If" || !node.domain.empty() || node.inputs.size() != 1 || !g_.is_constant(node.inputs[0]))
      return false;
    const Tensor& condition = g_.value(node.inputs[0]).constant;
    return condition.dtype() == DType::boolean && condition.count() == 1;
  }
  static void check_input_count(const ops::Operator& op, const Node& node) {
    const std::size_t count = node.inputs.size();
    if (count < op.min_inputs || count > op.max_inputs)
      Call{node, {}}.fail("has " + std::to_string(count) + " inputs; want " + std::to_string(op.min_inputs) +
                          " to " + std::to_string(op.max_inputs));
  }

  // nullopt when the type of some input is not known.
  std::optional<std::vector<Argument>> arguments_of(const Node& node) const {
    std::vector<Argument> arguments;
    for (ValueId id : node.inputs) {
      if (id != kAbsent && !g_.value(id).type) return std::nullopt;
      arguments.push_back(id == kAbsent ? Argument{}
                                        : Argument{true, *g_.value(id).type, g_.value(id).constant.data()});
    }
    return arguments;
  }

  // Sets the types of the node's outputs; true when the node itself is not needed any more.
  bool settle(const ops::Operator& op, const Node& node, const std::vector<Argument>& arguments) {
    const Call call{node, arguments};
    const ops::Types types = op.infer(call);
    if (!types || types->empty()) return false;
    set_types(call, *types);
    if (is_no_op(call, types->front())) {
      stand_in_[at(node.outputs[0])] = node.inputs[0];
      ++no_ops_;
      return true;
    }
    return fold(op, call, *types);
  }

  void set_types(const Call& call, const std::vector<TensorType>& types) {
    for (std::size_t i = 0; i < call.node.outputs.size() && i < types.size(); ++i) {
      const Index bytes =
          checked_mul(element_count(types[i].shape), static_cast<Index>(size_bytes(types[i].dtype)));
      if (bytes > kLargestTensorBytes)
        call.fail("makes " + to_string(types[i].shape) + ", " + std::to_string(bytes) +
                  " bytes; want at most " + std::to_string(kLargestTensorBytes));
      if (const ValueId id = call.node.outputs[i]; id != kAbsent) g_.value(id).type = types[i];
    }
  }

  bool fold(const ops::Operator& op, const Call& call, const std::vector<TensorType>& types) {
    const bool known =
        std::ranges::all_of(call.inputs, [](const Argument& a) { return !a.present || a.data; });
    if (!known && !needs_types_only(call.node)) return false;
    if (shares_bytes(call.node)) {
      g_.value(call.node.outputs[0]).constant =
          g_.value(call.node.inputs[0]).constant.reshaped(types[0].shape);
    } else {
      if (is_too_large(call, types)) return false;
      compute(op, call, types);
    }
    ++folded_;
    return true;
  }

  static bool is_too_large(const Call& call, const std::vector<TensorType>& types) {
    std::size_t made = 0, read = 0;
    for (const TensorType& t : types)
      made += static_cast<std::size_t>(element_count(t.shape)) * size_bytes(t.dtype);
    for (const Argument& a : call.inputs)
      if (a.present) read += static_cast<std::size_t>(a.count()) * size_bytes(a.dtype());
    return made > kLargestFoldBytes && made > kLargestFoldGrowth * read;
  }

  void compute(const ops::Operator& op, const Call& call, const std::vector<TensorType>& types) {
    std::vector<Tensor> made;
    std::vector<ops::Result> results;
    for (const TensorType& type : types) {
      made.emplace_back(type);
      results.push_back({type, made.back().mutable_data()});
    }
    op.eval(call, results);
    for (std::size_t i = 0; i < call.node.outputs.size() && i < made.size(); ++i)
      if (const ValueId id = call.node.outputs[i]; id != kAbsent) g_.value(id).constant = made[i];
  }

  // The branch's values and nodes become the graph's own.
  void inline_branch(const Node& node) {
    const bool condition = *static_cast<const bool*>(g_.value(node.inputs[0]).constant.data());
    const auto* found = node.find_attribute(condition ? "then_branch" : "else_branch");
    const auto* branch = found ? std::get_if<std::shared_ptr<const Graph>>(found) : nullptr;
    if (!branch || (*branch)->outputs.size() != node.outputs.size())
      throw Error("node '" + node.name + "' (If)", "its branch is missing or has another number of outputs");
    std::vector<ValueId> inside((*branch)->values.size(), kAbsent);
    for (const graph::Capture& c : (*branch)->captures) inside[at(c.inner)] = c.outer;
    for (std::size_t v = 0; v < inside.size(); ++v)
      if (inside[v] == kAbsent) inside[v] = adopt((*branch)->values[v]);
    for (Node copy : (*branch)->nodes) {
      for (ValueId& id : copy.outputs) id = id == kAbsent ? kAbsent : inside[at(id)];
      map_reads(copy, [&](ValueId id) { return inside[at(id)]; });
      visit(std::move(copy));
    }
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
      if (node.outputs[i] != kAbsent)
        stand_in_[at(node.outputs[i])] = resolve(inside[at((*branch)->outputs[i])]);
    ++branches_;
  }

  ValueId adopt(Value value) {
    if (!value.constant.empty()) value.type = value.constant.type();
    stand_in_.push_back(static_cast<ValueId>(stand_in_.size()));
    return g_.add_value(std::move(value));
  }

  // Outputs keep their names and stay values of their own, though what made them may be gone.
  void settle_outputs() {
    std::vector<bool> taken(g_.values.size(), false);
    for (ValueId id : g_.inputs) taken[at(id)] = true;
    for (ValueId id : g_.outputs) taken[at(id)] = true;
    for (ValueId& out : g_.outputs) {
      const ValueId source = resolve(out);
      if (source == out) continue;
      if (g_.is_constant(source)) {
        g_.value(out).constant = g_.value(source).constant;
      } else if (taken[at(source)]) {
        g_.nodes.push_back({.name = g_.value(out).name,
                            .op = "Identity",
                            .version = 13,
                            .inputs = {source},
                            .outputs = {out}});
      } else {
        taken[at(source)] = true;
        g_.value(source).name = g_.value(out).name;
        g_.value(source).declared_dtype = g_.value(out).declared_dtype;
        out = source;
      }
    }
  }

  std::size_t remove_dead() {
    std::vector<bool> read(g_.values.size(), false);
    for (ValueId id : g_.outputs) read[at(id)] = true;
    std::vector<Node> kept;
    for (auto node = g_.nodes.rbegin(); node != g_.nodes.rend(); ++node) {
      if (std::ranges::none_of(node->outputs, [&](ValueId id) { return id != kAbsent && read[at(id)]; }))
        continue;
      for (ValueId id : values_read(*node)) read[at(id)] = true;
      kept.push_back(std::move(*node));
    }
    std::ranges::reverse(kept);
    const std::size_t dead = g_.nodes.size() - kept.size();
    g_.nodes = std::move(kept);
    return dead;
  }

  void report(Log& log, std::size_t dead) const {
    const auto line = [&](const char* what, std::size_t count, const char* of) {
      if (count) log.push_back(std::string(what) + ": " + std::to_string(count) + " " + of);
    };
    line("fold", folded_, "nodes computed from constants and shapes");
    line("no-op", no_ops_, "nodes that change nothing removed");
    line("if", branches_, "branches inlined");
    line("dead", dead, "nodes removed");
    for (const Node& node : g_.nodes)
      for (ValueId id : node.outputs)
        if (id != kAbsent && !g_.value(id).type)
          return log.push_back("types: from node '" + node.name + "' (" + node.op +
                               ") on some depend on data");
  }

  Graph g_;
  std::vector<ValueId> stand_in_;  ///< for each value the one to read in its place
  std::size_t folded_ = 0, no_ops_ = 0, branches_ = 0;
};

// The mask of a Dropout and the like, which old exporters name though nobody reads it.
void drop_unread_outputs(Graph& g) {
  const graph::Uses uses = graph::uses(g);
  for (Node& node : g.nodes)
    for (std::size_t i = 1; i < node.outputs.size(); ++i)
      if (const auto id = static_cast<std::size_t>(node.outputs[i]);
          node.outputs[i] != kAbsent && uses.readers[id].empty() && !uses.is_output[id])
        node.outputs[i] = kAbsent;
}
}  // namespace

Graph specialize(const Graph& g, const std::map<std::string, Shape>& input_shapes, Log& log) {
  Graph copy = g;
  for (Value& value : copy.values) {
    value.type.reset();
    if (!value.constant.empty()) value.type = value.constant.type();
  }
  drop_unread_outputs(copy);
  set_input_types(copy, input_shapes);
  return Specializer(std::move(copy)).run(log);
}
}  // namespace tulle::passes
