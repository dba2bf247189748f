#include "runtime/prepared.hpp"
#include <exception>
#include "core/threads.hpp"
#include "passes/passes.hpp"
#include "plan/slices.hpp"

namespace tulle::runtime {
namespace {
graph::Graph optimised(const graph::Graph& model, const Shapes& shapes, std::vector<std::string>& notes) {
  return passes::optimize(passes::specialize(model, shapes, notes), notes);
}

Shape with_batch(Shape shape, Index batch) {
  if (!shape.empty()) shape[0] = batch;
  return shape;
}

// The graph for a part of the batch, when running the parts one by one is the same and keeps activations in cache.
void slice(const graph::Graph& model, const Shapes& shapes, Prepared& p) {
  const Index part = plan::slice_size(p.graph);
  if (part == 0) return;
  Shapes sliced = shapes;
  for (auto& [name, shape] : sliced) shape = with_batch(shape, part);
  try {
    std::vector<std::string> notes;
    graph::Graph g = optimised(plan::with_free_batch(model), sliced, notes);
    if (!plan::same_but_batch(p.graph, g, part)) return;
    p.slices = p.graph.value(p.graph.inputs[0]).type->shape[0] / part;
    p.notes = std::move(notes);
    p.graph = std::move(g);
  } catch (const Error&) {  // the file has its batch size written into the graph
  }
}
}  // namespace

std::unique_ptr<const Prepared> prepare(const graph::Graph& model, const std::string& model_key, const Shapes& shapes,
                                        const SessionOptions& options) {
  auto p = std::make_unique<Prepared>();
  for (graph::ValueId id : model.inputs) p->shapes.push_back(shapes.at(model.value(id).name));
  p->graph = optimised(model, shapes, p->notes);
  if (!plan::can_plan(p->graph)) {
    p->notes.push_back("types depend on data: the graph is interpreted");
    return p;
  }
  for (graph::ValueId id : p->graph.outputs) p->output_types.push_back(*p->graph.value(id).type);
  slice(model, shapes, *p);
  const int threads = p->shares_slices(options.threads) ? 1 : options.threads;
  p->plan = plan::make(p->graph, {.threads = threads, .sparse = options.sparse, .cache = options.plan_cache,
                                  .model_key = model_key, .progress = options.progress});
  p->contexts = std::make_unique<ContextPool>([plan = p->plan.get()] { return std::make_unique<Context>(*plan); });
  return p;
}

namespace {
const std::byte* bytes(const void* p) { return static_cast<const std::byte*>(p); }
std::byte* bytes(void* p) { return static_cast<std::byte*>(p); }

std::size_t slice_bytes(const TensorType& type) {
  return static_cast<std::size_t>(element_count_unchecked(type.shape)) * size_bytes(type.dtype);
}
}  // namespace

bool Prepared::fits(std::span<const TensorView* const> inputs) const {
  for (std::size_t i = 0; i < shapes.size(); ++i)
    if (inputs[i]->type.shape != shapes[i]) return false;
  return true;
}

void Prepared::run_slices(In inputs, Out outputs, Index first, Index last, int threads, double* step_us) const {
  ContextPool::Lease context(*contexts);
  for (Index s = first; s < last; ++s) {
    const auto part = static_cast<std::size_t>(s);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      context->set_input(i, bytes(inputs[i]) + part * slice_bytes(plan->input_types[i]));
    for (std::size_t i = 0; i < outputs.size(); ++i)
      context->set_output(i, bytes(outputs[i]) + part * slice_bytes(plan->output_types[i]));
    context->run(threads, step_us);
  }
}

void Prepared::run(In inputs, Out outputs, int threads, double* step_us) const {
  if (!shares_slices(threads)) return run_slices(inputs, outputs, 0, slices, threads, step_us);
  std::exception_ptr failure;  // of the thread that failed first; exceptions must not leave a parallel region
  std::atomic_flag failed = ATOMIC_FLAG_INIT;
  parallel_for(slices, threads, [&](Index first, Index last) {
    try {
      run_slices(inputs, outputs, first, last, 1, first == 0 ? step_us : nullptr);
    } catch (...) {
      if (!failed.test_and_set()) failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
}
}  // namespace tulle::runtime
