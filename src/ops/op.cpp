#include "ops/op.hpp"
#include "ops/list.hpp"

namespace tulle::ops {
const Argument& Call::input(std::size_t i) const {
  static const Argument absent;
  return i < inputs.size() ? inputs[i] : absent;
}

void Call::fail(const std::string& what) const {
  throw Error("node '" + node.name + "' (" + (node.domain.empty() ? "" : node.domain + ".") + node.op + "-" +
                  std::to_string(node.version) + ")",
              what);
}

const Operator* find(std::string_view name, std::string_view domain, int version) {
  const Operator* best = nullptr;
  for (const Operator* op : all())
    if (op->name == name && op->domain == domain && op->since <= version && (!best || op->since > best->since)) best = op;
  return best;
}

namespace {
void collect_unknown(const graph::Graph& g, std::vector<std::string>& unknown) {
  for (const graph::Node& node : g.nodes) {
    if (!find(node.op, node.domain, node.version))
      unknown.push_back((node.domain.empty() ? "" : node.domain + ".") + node.op + " (opset " +
                        std::to_string(node.version) + ", node '" + node.name + "')");
    for (const auto& [key, attribute] : node.attributes)
      if (const auto* sub = std::get_if<std::shared_ptr<const graph::Graph>>(&attribute)) collect_unknown(**sub, unknown);
  }
}
}  // namespace

void require_known(const graph::Graph& g) {
  std::vector<std::string> unknown;
  collect_unknown(g, unknown);
  if (unknown.empty()) return;
  constexpr std::size_t kShown = 20;
  std::string text = std::to_string(unknown.size()) + " node(s) use operators that Tulle lacks: ";
  for (std::size_t i = 0; i < std::min(unknown.size(), kShown); ++i) text += (i ? ", " : "") + unknown[i];
  if (unknown.size() > kShown) text += " and " + std::to_string(unknown.size() - kShown) + " more";
  throw Error("model", text);
}

std::vector<Tensor> evaluate(const graph::Node& node, std::span<const Tensor> inputs) {
  const Operator* op = find(node.op, node.domain, node.version);
  if (!op) throw Error("node '" + node.name + "'", "Tulle lacks the operator " + node.op);
  std::vector<Argument> arguments;
  for (const Tensor& t : inputs) arguments.push_back({!t.empty(), t.type(), t.data()});
  const Call call{node, arguments};
  const std::size_t given = inputs.size();
  if (given < op->min_inputs || given > op->max_inputs)
    call.fail("has " + std::to_string(given) + " inputs; want " + std::to_string(op->min_inputs) + " to " +
              std::to_string(op->max_inputs));
  const Types types = op->infer(call);
  if (!types) call.fail("its output type does not follow from its inputs");
  std::vector<Tensor> outputs;
  std::vector<Result> results;
  for (const TensorType& type : *types) {
    outputs.emplace_back(type);
    results.push_back({type, outputs.back().mutable_data()});
  }
  op->eval(call, results);
  return outputs;
}

namespace {
std::vector<Tensor> run_node(const graph::Node& node, const std::vector<Tensor>& environment) {
  std::vector<Tensor> inputs;
  for (graph::ValueId id : node.inputs)
    inputs.push_back(id == graph::kAbsent ? Tensor() : environment[static_cast<std::size_t>(id)]);
  const Operator* op = find(node.op, node.domain, node.version);
  if (!op || !op->run) return evaluate(node, inputs);
  std::vector<std::vector<Tensor>> captured;
  for (const auto& [key, attribute] : node.attributes)
    if (const auto* sub = std::get_if<std::shared_ptr<const graph::Graph>>(&attribute)) {
      captured.emplace_back();
      for (const graph::Capture& c : (*sub)->captures) captured.back().push_back(environment[static_cast<std::size_t>(c.outer)]);
    }
  std::vector<Argument> arguments;
  for (const Tensor& t : inputs) arguments.push_back({!t.empty(), t.type(), t.data()});
  return op->run({node, arguments}, captured);
}
}  // namespace

std::vector<Tensor> interpret(const graph::Graph& g, std::span<const Tensor> inputs) {
  return interpret(g, inputs, {});
}

std::vector<Tensor> interpret(const graph::Graph& g, std::span<const Tensor> inputs, std::span<const Tensor> captured) {
  std::vector<Tensor> environment(g.values.size());
  std::vector<int> readers_left(g.values.size(), 0);
  const graph::Uses uses = graph::uses(g);
  for (std::size_t v = 0; v < g.values.size(); ++v) {
    environment[v] = g.values[v].constant;
    readers_left[v] = static_cast<int>(uses.readers[v].size()) + uses.is_output[v];
  }
  if (inputs.size() != g.inputs.size())
    throw Error("graph '" + g.name + "'", "got " + std::to_string(inputs.size()) + " inputs; want " + std::to_string(g.inputs.size()));
  for (std::size_t i = 0; i < inputs.size(); ++i) environment[static_cast<std::size_t>(g.inputs[i])] = inputs[i];
  for (std::size_t i = 0; i < captured.size(); ++i) environment[static_cast<std::size_t>(g.captures[i].inner)] = captured[i];
  for (std::size_t n = 0; n < g.nodes.size(); ++n) {
    std::vector<Tensor> made = run_node(g.nodes[n], environment);
    for (std::size_t i = 0; i < g.nodes[n].outputs.size() && i < made.size(); ++i)
      if (const graph::ValueId id = g.nodes[n].outputs[i]; id != graph::kAbsent) environment[static_cast<std::size_t>(id)] = std::move(made[i]);
    for (graph::ValueId id : g.nodes[n].inputs)  // a value is freed after its last reader
      if (id != graph::kAbsent && g.values[static_cast<std::size_t>(id)].constant.empty() && --readers_left[static_cast<std::size_t>(id)] == 0)
        environment[static_cast<std::size_t>(id)] = Tensor();
  }
  std::vector<Tensor> outputs;
  for (graph::ValueId id : g.outputs) outputs.push_back(environment[static_cast<std::size_t>(id)]);
  return outputs;
}
}  // namespace tulle::ops
