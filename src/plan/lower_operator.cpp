#include "ops/op.hpp"
#include "plan/lowering.hpp"

namespace tulle::plan {
namespace {
/// The operator's own evaluation on row-major buffers.
class OperatorStep final : public Step {
 public:
  OperatorStep(const graph::Node& node, const ops::Operator& op, std::vector<ops::Argument> arguments,
               std::vector<BufferId> inputs, std::vector<ops::Result> results, std::vector<BufferId> outputs)
      : node_(node), op_(op), arguments_(std::move(arguments)), inputs_(std::move(inputs)),
        results_(std::move(results)), outputs_(std::move(outputs)) {}

  std::unique_ptr<StepState> make_state() const override {
    auto state = std::make_unique<State>();
    state->arguments = arguments_;
    state->results = results_;
    return state;
  }

  void run(const Frame& f) const override {
    State& state = static_cast<State&>(*f.state);
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      if (inputs_[i] >= 0) state.arguments[i].data = f.buffers[inputs_[i]];
    for (std::size_t i = 0; i < outputs_.size(); ++i) state.results[i].data = f.buffers[outputs_[i]];
    op_.eval({node_, state.arguments}, state.results);
  }

 private:
  struct State : StepState {
    std::vector<ops::Argument> arguments;
    std::vector<ops::Result> results;
  };
  graph::Node node_;
  const ops::Operator& op_;
  std::vector<ops::Argument> arguments_;
  std::vector<BufferId> inputs_;
  std::vector<ops::Result> results_;
  std::vector<BufferId> outputs_;
};
Index scratch_floats(const TensorType& t) {
  return (element_count(t.shape) * static_cast<Index>(size_bytes(t.dtype)) + 3) / 4 + 1;
}

std::vector<TensorType> output_types(Builder& b, const graph::Node& n, const ops::Operator& op) {
  std::vector<ops::Argument> arguments;
  for (graph::ValueId id : n.inputs) {
    if (id == graph::kAbsent)
      arguments.push_back({});
    else
      arguments.push_back({true, *b.graph().value(id).type, b.is_constant(id) ? b.graph().value(id).constant.data() : nullptr});
  }
  if (ops::Types types = op.infer({n, arguments})) return std::move(*types);
  std::vector<TensorType> types;  // known to the passes by other ways than this node's constants
  for (graph::ValueId id : n.outputs) types.push_back(id == graph::kAbsent ? TensorType{} : *b.graph().value(id).type);
  return types;
}
}  // namespace

bool lower_operator(Builder& b, const graph::Node& n) {
  const ops::Operator* op = ops::find(n.op, n.domain, n.version);
  if (!op || !op->eval) throw Error("node '" + n.name + "'", "Tulle lacks a kernel for " + n.op);
  std::vector<ops::Argument> arguments;
  std::vector<ops::Result> results;
  std::vector<BufferId> inputs, outputs, touched;
  for (graph::ValueId id : n.inputs) {
    inputs.push_back(id == graph::kAbsent ? -1 : b.rows(id));
    if (id == graph::kAbsent) {
      arguments.push_back({});
    } else {
      arguments.push_back({true, *b.graph().value(id).type, nullptr});
      touched.push_back(inputs.back());
    }
  }
  // eval writes every output that infer names; those that the node leaves out go to memory of their own.
  const std::vector<TensorType> types = output_types(b, n, *op);
  for (std::size_t i = 0; i < types.size(); ++i) {
    const graph::ValueId id = i < n.outputs.size() ? n.outputs[i] : graph::kAbsent;
    outputs.push_back(id == graph::kAbsent ? b.make_scratch(scratch_floats(types[i])) : b.make_rows(id));
    results.push_back({types[i], nullptr});
    touched.push_back(outputs.back());
  }
  b.layer().kernel = "operator/reference";
  b.layer().layout = "rows";
  b.emit(std::make_unique<OperatorStep>(n, *op, std::move(arguments), std::move(inputs), std::move(results), std::move(outputs)),
         touched, "operator " + n.op);
  return true;
}
}  // namespace tulle::plan
