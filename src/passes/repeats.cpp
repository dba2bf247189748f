// Nodes that compute the same from the same -> the first of them.
#include <map>

#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
// Constants this small are compared by their bytes: exporters write one for each use.
constexpr std::size_t kSmallBytes = 256;

template <class T>
void append(std::string& key, const T& number) {
  key.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append_value(std::string& key, const Rewriter& r, ValueId id) {
  const Tensor& data = r.constant_of(id);
  if (data.empty() || data.size_bytes() > kSmallBytes) {
    key += 'v';
    append(key, id);
    return;
  }
  key += 'c' + std::string(name(data.dtype())) + to_string(data.shape());
  key.append(static_cast<const char*>(data.data()), data.size_bytes());
}

// false when attributes of this kind are not compared.
bool append_attribute(std::string& key, const graph::Attribute& attribute) {
  append(key, attribute.index());
  if (const auto* i = std::get_if<Index>(&attribute)) return append(key, *i), true;
  if (const auto* f = std::get_if<float>(&attribute)) return append(key, *f), true;
  if (const auto* s = std::get_if<std::string>(&attribute)) return key += *s + '\0', true;
  if (const auto* list = std::get_if<std::vector<Index>>(&attribute)) return key += to_string(*list), true;
  return false;
}

std::optional<std::string> key_of(const Rewriter& r, const Node& node) {
  if (node.op.starts_with("Random") || node.op == "Bernoulli" || node.op == "Multinomial" ||
      node.op == "Dropout")
    return std::nullopt;
  std::string key = node.domain + '\0' + node.op + '\0';
  append(key, node.version);
  append(key, node.outputs.size());
  for (ValueId id : node.inputs) append_value(key, r, id);
  for (const auto& [name, attribute] : node.attributes) {
    key += name + '\0';
    if (!append_attribute(key, attribute)) return std::nullopt;
  }
  return key;
}

bool can_forward(const Rewriter& r, const Node& from, const Node& to) {
  for (std::size_t i = 0; i < from.outputs.size(); ++i)
    if (from.outputs[i] != kAbsent && (to.outputs[i] == kAbsent || r.is_output(from.outputs[i])))
      return false;
  return true;
}
}  // namespace

void merge_repeats(Rewriter& r) {
  std::map<std::string, int> first;
  for (int n = 0; n < r.size(); ++n) {
    if (!r.alive(n)) continue;
    const auto key = key_of(r, r.node(n));
    if (!key) continue;
    const auto [it, is_first] = first.try_emplace(*key, n);
    if (is_first || !can_forward(r, r.node(n), r.node(it->second))) continue;
    r.note(r.node(n).name);
    const std::vector<ValueId> from = r.node(n).outputs, to = r.node(it->second).outputs;
    for (std::size_t i = 0; i < from.size(); ++i)
      if (from[i] != kAbsent) r.forward(from[i], to[i]);
  }
}
}  // namespace tulle::passes
