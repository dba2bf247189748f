#include "passes/rewriter.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace tulle::passes {
namespace {
std::size_t at(ValueId id) {
  return static_cast<std::size_t>(id);
}
}  // namespace

std::vector<ValueId> values_read(const Node& node) {
  std::vector<ValueId> ids = node.inputs;
  for (const auto& [key, attribute] : node.attributes)
    if (const auto* sub = std::get_if<std::shared_ptr<const Graph>>(&attribute))
      for (const graph::Capture& c : (*sub)->captures) ids.push_back(c.outer);
  std::erase(ids, kAbsent);
  return ids;
}

Rewriter::Rewriter(Graph& g)
    : graph_(g),
      nodes_(std::make_move_iterator(g.nodes.begin()), std::make_move_iterator(g.nodes.end())),
      alive_(nodes_.size(), true),
      place_(nodes_.size()),
      maker_(g.values.size(), kNobody),
      readers_(g.values.size()),
      is_output_(g.values.size(), false) {
  for (ValueId id : g.outputs) is_output_[at(id)] = true;
  for (int n = 0; n < size(); ++n) {
    place_[at(n)] = 2 * n;
    for (ValueId id : node(n).outputs)
      if (id != kAbsent) maker_[at(id)] = n;
    add_reads(n);
  }
}

bool Rewriter::is(int n, std::string_view op, std::string_view domain) const {
  return n != kNobody && alive(n) && node(n).op == op && node(n).domain == domain;
}

int Rewriter::maker(ValueId id) const {
  return id == kAbsent ? kNobody : maker_[at(id)];
}
int Rewriter::maker(ValueId id, std::string_view op, std::string_view domain) const {
  const int n = maker(id);
  return is(n, op, domain) ? n : kNobody;
}

int Rewriter::only_reader(ValueId id) const {
  if (id == kAbsent || readers(id).size() != 1 || is_output(id)) return kNobody;
  return readers(id)[0];
}

std::optional<Shape> Rewriter::f32_shape(ValueId id) const {
  const auto t = type(id);
  return t && t->dtype == DType::f32 ? std::optional(t->shape) : std::nullopt;
}

const Tensor& Rewriter::constant_of(ValueId id) const {
  static const Tensor none;
  return id == kAbsent ? none : graph_.value(id).constant;
}

ValueId Rewriter::constant(std::string name, Tensor data) {
  maker_.push_back(kNobody);
  readers_.emplace_back();
  is_output_.push_back(false);
  graph::Value value{.name = std::move(name), .type = data.type()};
  value.constant = std::move(data);
  return graph_.add_value(std::move(value));
}

ValueId Rewriter::insert_before(int n, Node added, TensorType type) {
  const ValueId out = graph_.add_value({.name = added.name + ".out", .type = std::move(type)});
  added.outputs = {out};
  maker_.push_back(size());
  readers_.emplace_back();
  is_output_.push_back(false);
  nodes_.push_back(std::move(added));
  alive_.push_back(true);
  place_.push_back(place_[at(n)] - (place_[at(n)] % 2 == 0));
  add_reads(size() - 1);
  return out;
}

void Rewriter::replace(int n, Node by) {
  Node& old = nodes_[at(n)];
  std::vector<ValueId> candidates = values_read(old);
  remove_reads(n);
  by.outputs = old.outputs;
  old = std::move(by);
  add_reads(n);
  remove_unread(std::move(candidates));
}

bool Rewriter::forward(ValueId from, ValueId to) {
  if (is_output(from)) {
    if (maker(to) == kNobody || is_output(to)) return false;
    std::replace(graph_.outputs.begin(), graph_.outputs.end(), from, to);
    is_output_[at(from)] = false;
    is_output_[at(to)] = true;
    graph_.value(to).name = graph_.value(from).name;
    graph_.value(to).declared_dtype = graph_.value(from).declared_dtype;
  }
  for (const int n : std::exchange(readers_[at(from)], {})) {
    map_reads(nodes_[at(n)], [&](ValueId id) { return id == from ? to : id; });
    readers_[at(to)].push_back(n);
  }
  remove_unread({from});
  return true;
}

void Rewriter::finish() {
  std::vector<std::size_t> order(nodes_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return place_[a] < place_[b]; });
  graph_.nodes.clear();
  for (const std::size_t n : order)
    if (alive_[n]) graph_.nodes.push_back(std::move(nodes_[n]));
  for (std::size_t v = 0; v < readers_.size(); ++v)  // weights that were replaced need not stay in memory
    if (readers_[v].empty() && !is_output(static_cast<ValueId>(v))) graph_.values[v].constant = Tensor();
}

void Rewriter::add_reads(int n) {
  for (ValueId id : values_read(node(n))) readers_[at(id)].push_back(n);
}

void Rewriter::remove_reads(int n) {
  for (ValueId id : values_read(node(n))) std::erase(readers_[at(id)], n);
}

void Rewriter::remove_unread(std::vector<ValueId> candidates) {
  while (!candidates.empty()) {
    const int n = maker(candidates.back());
    candidates.pop_back();
    if (n == kNobody || !alive(n)) continue;
    const auto& made = node(n).outputs;
    if (std::any_of(made.begin(), made.end(),
                    [&](ValueId id) { return id != kAbsent && (is_output(id) || !readers(id).empty()); }))
      continue;
    alive_[at(n)] = false;
    for (ValueId id : values_read(node(n))) candidates.push_back(id);
    remove_reads(n);
  }
}
}  // namespace tulle::passes
