#include <algorithm>
#include <atomic>
#include <mutex>
#include "runtime/session.hpp"

namespace tulle {
using runtime::Prepared;
using runtime::Shapes;

namespace {
Shapes shapes_of(std::span<const NamedInput> inputs) {
  Shapes shapes;
  for (const NamedInput& in : inputs)
    if (!shapes.emplace(in.name, in.tensor.type.shape).second)
      throw Error("input '" + std::string(in.name) + "'", "is given twice");
  return shapes;
}

std::string list(const std::vector<TensorInfo>& infos) {
  std::string text;
  for (const TensorInfo& i : infos) text += (text.empty() ? "'" : ", '") + i.name + "'";
  return text;
}

// In the model's order, after checking that each is there and of the right type.
std::vector<TensorView> ordered(const Model& model, std::span<const NamedInput> inputs) {
  for (const NamedInput& in : inputs)
    if (std::none_of(model.inputs().begin(), model.inputs().end(), [&](const TensorInfo& i) { return i.name == in.name; }))
      throw Error("input '" + std::string(in.name) + "'", "is no input of the model; it has " + list(model.inputs()));
  std::vector<TensorView> views;
  for (const TensorInfo& info : model.inputs()) {
    const auto it = std::find_if(inputs.begin(), inputs.end(), [&](const NamedInput& in) { return in.name == info.name; });
    if (it == inputs.end()) throw Error("input '" + info.name + "'", "is missing; the model wants " + list(model.inputs()));
    if (it->tensor.type.dtype != info.dtype)
      throw Error("input '" + info.name + "'", "is " + std::string(name(it->tensor.type.dtype)) + "; want " + std::string(name(info.dtype)));
    if (!it->tensor.data && element_count(it->tensor.type.shape) > 0) throw Error("input '" + info.name + "'", "has no data");
    views.push_back(it->tensor);
  }
  return views;
}
}  // namespace

Session::Impl::Impl(Model m, SessionOptions o) : model(std::move(m)), options(std::move(o)) {
  if (options.threads < 1) throw Error("session", std::to_string(options.threads) + " threads; want at least 1");
}

Session::Impl::Hold Session::Impl::find(const Shapes& shapes) {
  for (Entry& e : entries) {
    int readers = e.readers.load(std::memory_order_relaxed);
    while (readers >= 0 && !e.readers.compare_exchange_weak(readers, readers + 1, std::memory_order_acquire)) {
    }
    if (readers < 0) continue;
    Hold hold(&e);
    if (e.prepared && e.prepared->shapes == shapes) {
      e.last_use.store(++clock, std::memory_order_relaxed);
      return hold;
    }
  }
  return Hold(nullptr);
}

// The slow path, once for each new set of shapes: plans, and puts the plan in the place of the one least lately used
// that nobody runs now.
Session::Impl::Hold Session::Impl::prepare(const Shapes& shapes) {
  const std::lock_guard lock(planning);
  if (Hold hold = find(shapes); hold.entry) return hold;
  auto prepared = runtime::prepare(model.impl().graph, options.plan_cache.empty() ? "" : model.impl().key(), shapes, options);
  for (;;) {
    Entry* oldest = nullptr;
    for (Entry& e : entries)
      if (e.readers.load(std::memory_order_relaxed) == 0 && (!oldest || e.last_use < oldest->last_use)) oldest = &e;
    if (!oldest) throw Error("session", "all kept plans are running; use fewer shapes at once or more sessions");
    int idle = 0;
    if (!oldest->readers.compare_exchange_strong(idle, -1, std::memory_order_acquire)) continue;
    oldest->prepared = std::move(prepared);
    oldest->last_use = ++clock;
    oldest->readers.store(1, std::memory_order_release);
    return Hold(oldest);
  }
}

Session::Impl::Hold Session::Impl::get(const Shapes& shapes) {
  Hold hold = find(shapes);
  return hold.entry ? std::move(hold) : prepare(shapes);
}

std::vector<Tensor> Session::Impl::run_all(std::span<const NamedInput> inputs) {
  const std::vector<TensorView> views = ordered(model, inputs);
  const Hold hold = get(shapes_of(inputs));
  const Prepared& p = *hold.entry->prepared;
  if (!p.plan) {
    std::vector<Tensor> lent;
    for (const TensorView& t : views) lent.push_back(Tensor::borrow(t.type, nullptr, t.data));
    return ops::interpret(p.graph, lent);
  }
  std::vector<Tensor> outputs;
  std::vector<MutableTensorView> memory;
  for (const TensorType& type : p.output_types) {
    outputs.emplace_back(type);
    memory.push_back({type, outputs.back().mutable_data()});
  }
  p.run(views, memory, options.threads);
  return outputs;
}

Session::Session(Model model, SessionOptions options) : impl_(std::make_unique<Impl>(std::move(model), std::move(options))) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

void Session::prepare(std::span<const NamedInput> inputs) { impl_->get(shapes_of(inputs)); }

std::vector<TensorType> Session::output_types(std::span<const NamedInput> inputs) {
  {
    const Impl::Hold hold = impl_->get(shapes_of(inputs));
    if (hold.entry->prepared->plan) return hold.entry->prepared->output_types;
  }
  std::vector<TensorType> types;
  for (const Tensor& t : impl_->run_all(inputs)) types.push_back(t.type());
  return types;
}

void Session::run(std::span<const NamedInput> inputs, std::span<const NamedOutput> outputs) {
  const std::vector<TensorView> views = ordered(impl_->model, inputs);
  const Impl::Hold hold = impl_->get(shapes_of(inputs));
  const Prepared& p = *hold.entry->prepared;
  const std::vector<TensorInfo>& infos = impl_->model.outputs();
  std::vector<MutableTensorView> memory(infos.size());
  for (const NamedOutput& out : outputs) {
    const auto it = std::find_if(infos.begin(), infos.end(), [&](const TensorInfo& i) { return i.name == out.name; });
    if (it == infos.end()) throw Error("output '" + std::string(out.name) + "'", "is no output of the model; it has " + list(infos));
    const auto i = static_cast<std::size_t>(it - infos.begin());
    if (p.plan && !(out.tensor.type == p.output_types[i]))
      throw Error("output '" + it->name + "'", "memory is " + std::string(name(out.tensor.type.dtype)) + to_string(out.tensor.type.shape) +
                                                   "; want " + std::string(name(p.output_types[i].dtype)) + to_string(p.output_types[i].shape));
    memory[i] = out.tensor;
  }
  std::vector<Tensor> unwanted;  // the plan writes every output
  for (std::size_t i = 0; p.plan && i < memory.size(); ++i)
    if (!memory[i].data) {
      unwanted.emplace_back(p.output_types[i]);
      memory[i] = {p.output_types[i], unwanted.back().mutable_data()};
    }
  p.run(views, memory, impl_->options.threads);
}
}  // namespace tulle
