#include <algorithm>
#include <cstring>
#include "runtime/session.hpp"

namespace tulle {
using runtime::Prepared;
using runtime::Shapes;

namespace {
std::string list(const std::vector<TensorInfo>& infos) {
  std::string text;
  for (const TensorInfo& i : infos) text += (text.empty() ? "'" : ", '") + i.name + "'";
  return text;
}

void check_names(const Model& model, std::span<const NamedInput> inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::string_view given = inputs[i].name;
    if (std::none_of(model.inputs().begin(), model.inputs().end(), [&](const TensorInfo& info) { return info.name == given; }))
      throw Error("input '" + std::string(given) + "'", "is no input of the model; it has " + list(model.inputs()));
    for (std::size_t k = 0; k < i; ++k)
      if (inputs[k].name == given) throw Error("input '" + std::string(given) + "'", "is given twice");
  }
}

std::string text(const TensorType& t) { return std::string(name(t.dtype)) + to_string(t.shape); }
}  // namespace

Session::Impl::Ordered::Ordered(const Model& model, std::span<const NamedInput> inputs) {
  check_names(model, inputs);
  for (const TensorInfo& info : model.inputs()) {
    const auto it = std::find_if(inputs.begin(), inputs.end(), [&](const NamedInput& in) { return in.name == info.name; });
    if (it == inputs.end()) throw Error("input '" + info.name + "'", "is missing; the model wants " + list(model.inputs()));
    const TensorView& view = it->tensor;
    if (view.type.dtype != info.dtype)
      throw Error("input '" + info.name + "'", "is " + std::string(name(view.type.dtype)) + "; want " + std::string(name(info.dtype)));
    if (!view.data && element_count(view.type.shape) > 0) throw Error("input '" + info.name + "'", "has no data");
    views_[count_] = &view;
    data_[count_++] = view.data;
  }
}

Session::Impl::Impl(Model m, SessionOptions o) : model(std::move(m)), options(std::move(o)) {
  if (model.inputs().size() > kMostTensors || model.outputs().size() > kMostTensors)
    throw Error("session", "the model has more than " + std::to_string(kMostTensors) + " inputs or outputs");
  if (options.threads < 1) throw Error("session", std::to_string(options.threads) + " threads; want at least 1");
}

Session::Impl::Hold Session::Impl::find(const Ordered& inputs) {
  for (Entry& e : entries) {
    int readers = e.readers.load(std::memory_order_relaxed);
    while (readers >= 0 && !e.readers.compare_exchange_weak(readers, readers + 1, std::memory_order_acquire)) {
    }
    if (readers < 0) continue;
    Hold hold(&e);
    if (e.prepared && e.prepared->fits(inputs.views())) {
      e.last_use.store(++clock, std::memory_order_relaxed);
      return hold;
    }
  }
  return Hold(nullptr);
}

// The slow path, once for each new set of shapes: plans, and puts the plan in the place of the one least lately used
// that nobody runs now.
Session::Impl::Hold Session::Impl::prepare(const Ordered& inputs) {
  const std::lock_guard lock(planning);
  if (Hold hold = find(inputs); hold.entry) return hold;
  Shapes shapes;
  for (std::size_t i = 0; i < model.inputs().size(); ++i) shapes[model.inputs()[i].name] = inputs.views()[i]->type.shape;
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

Session::Impl::Hold Session::Impl::get(const Ordered& inputs) {
  Hold hold = find(inputs);
  return hold.entry ? std::move(hold) : prepare(inputs);
}

std::vector<Tensor> Session::Impl::interpret(const Ordered& inputs, const Prepared& p) const {
  std::vector<Tensor> lent;
  for (const TensorView* view : inputs.views()) lent.push_back(Tensor::borrow(view->type, nullptr, view->data));
  return ops::interpret(p.graph, lent);
}

std::vector<Tensor> Session::Impl::run_all(std::span<const NamedInput> named) {
  const Ordered inputs(model, named);
  const Hold hold = get(inputs);
  const Prepared& p = *hold.entry->prepared;
  if (!p.plan) return interpret(inputs, p);
  std::vector<Tensor> outputs;
  std::vector<void*> memory;
  for (const TensorType& type : p.output_types) memory.push_back(outputs.emplace_back(type).mutable_data());
  p.run(inputs.data(), memory, options.threads);
  return outputs;
}

Session::Session(Model model, SessionOptions options) : impl_(std::make_unique<Impl>(std::move(model), std::move(options))) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

void Session::prepare(std::span<const NamedInput> inputs) { impl_->get(Impl::Ordered(impl_->model, inputs)); }

std::vector<TensorType> Session::output_types(std::span<const NamedInput> inputs) {
  const Impl::Ordered ordered(impl_->model, inputs);
  const Impl::Hold hold = impl_->get(ordered);
  if (hold.entry->prepared->plan) return hold.entry->prepared->output_types;
  std::vector<TensorType> types;
  for (const Tensor& t : impl_->interpret(ordered, *hold.entry->prepared)) types.push_back(t.type());
  return types;
}

namespace {
std::size_t index_of(const std::vector<TensorInfo>& infos, std::string_view wanted) {
  const auto it = std::find_if(infos.begin(), infos.end(), [&](const TensorInfo& i) { return i.name == wanted; });
  if (it == infos.end()) throw Error("output '" + std::string(wanted) + "'", "is no output of the model; it has " + list(infos));
  return static_cast<std::size_t>(it - infos.begin());
}

void check_memory(const NamedOutput& out, const TensorType& want) {
  if (!(out.tensor.type == want))
    throw Error("output '" + std::string(out.name) + "'", "memory is " + text(out.tensor.type) + "; want " + text(want));
  if (!out.tensor.data && element_count(want.shape) > 0) throw Error("output '" + std::string(out.name) + "'", "has no memory");
}
}  // namespace

void Session::run(std::span<const NamedInput> inputs, std::span<const NamedOutput> outputs) {
  const Impl::Ordered ordered(impl_->model, inputs);
  const Impl::Hold hold = impl_->get(ordered);
  const Prepared& p = *hold.entry->prepared;
  const std::vector<TensorInfo>& infos = impl_->model.outputs();
  if (!p.plan) {
    const std::vector<Tensor> made = impl_->interpret(ordered, p);
    for (const NamedOutput& out : outputs) {
      const Tensor& t = made[index_of(infos, out.name)];
      check_memory(out, t.type());
      if (t.size_bytes()) std::memcpy(out.tensor.data, t.data(), t.size_bytes());
    }
    return;
  }
  std::array<void*, Impl::kMostTensors> memory{};
  for (const NamedOutput& out : outputs) {
    const std::size_t i = index_of(infos, out.name);
    check_memory(out, p.output_types[i]);
    memory[i] = out.tensor.data;
  }
  std::vector<Tensor> unwanted;  // a plan writes every output; stays empty when the caller takes all
  for (std::size_t i = 0; i < infos.size(); ++i)
    if (!memory[i]) memory[i] = unwanted.emplace_back(p.output_types[i]).mutable_data();
  p.run(ordered.data(), std::span(memory.data(), infos.size()), impl_->options.threads);
}
}  // namespace tulle
