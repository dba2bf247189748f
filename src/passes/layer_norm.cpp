// d = x - mean(x); d / sqrt(mean(d^2) + epsilon) gamma + beta over the last axis -> LayerNormalization-17.
// The quotient may be written as Div, as Mul by Reciprocal(Sqrt), or as Mul by Pow(., -1/2).
#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
// The input of a mean over the last axis, that axis kept; kAbsent when `id` is no such mean.
ValueId mean_of(const Rewriter& r, ValueId id) {
  const int n = r.maker(id, "ReduceMean");
  if (n == kNobody) return kAbsent;
  const Node& mean = r.node(n);
  const auto type = r.type(mean.inputs[0]);
  const auto axes = integers_of(r, mean, "axes", 1);
  if (!type || !axes || axes->size() != 1 || mean.int_attribute("keepdims", 1) == 0) return kAbsent;
  const Index rank = static_cast<Index>(type->shape.size());
  return rank > 0 && ((*axes)[0] == -1 || (*axes)[0] == rank - 1) ? mean.inputs[0] : kAbsent;
}

struct Statistics {
  ValueId x = kAbsent;
  float epsilon = 0;
};

// sd = sqrt(mean(d^2) + epsilon), or without the root: its square.
std::optional<float> epsilon_of_variance(const Rewriter& r, ValueId variance, ValueId d) {
  const Sum sum = sum_of(r, variance);
  if (sum.terms.size() != 1 || !(sum.constant >= 0)) return std::nullopt;
  const ValueId square = mean_of(r, sum.terms[0]);
  if (square == kAbsent) return std::nullopt;
  const Product p = product_at(r, r.maker(square));
  if (p.scale != 1 || p.factors != std::vector{d, d}) return std::nullopt;
  return static_cast<float>(sum.constant);
}

bool is_power(const Rewriter& r, int n, double exponent) {
  return r.is(n, "Pow") && is_scalar(r, r.node(n).inputs[1], exponent);
}

// What is under the root in 1 / sqrt(v) (inverse) or in sqrt(v); kAbsent when `id` is neither.
ValueId under_root(const Rewriter& r, ValueId id, bool inverse) {
  const int n = r.maker(id);
  if (n == kNobody) return kAbsent;
  if (inverse && is_power(r, n, -0.5)) return r.node(n).inputs[0];
  if (inverse && r.is(n, "Reciprocal")) return under_root(r, r.node(n).inputs[0], false);
  if (inverse && r.is(n, "Div") && is_scalar(r, r.node(n).inputs[0], 1))
    return under_root(r, r.node(n).inputs[1], false);
  if (!inverse && (r.is(n, "Sqrt") || is_power(r, n, 0.5))) return r.node(n).inputs[0];
  return kAbsent;
}

// x and epsilon when node n is the quotient of the pattern.
std::optional<Statistics> match_quotient(const Rewriter& r, int n) {
  const bool inverse = r.is(n, "Mul");
  if (!inverse && !r.is(n, "Div")) return std::nullopt;
  for (const std::size_t i : {0u, 1u}) {
    const ValueId d = r.node(n).inputs[i], root = r.node(n).inputs[1 - i];
    const int difference = r.maker(d, "Sub");
    if (difference == kNobody || (i == 1 && !inverse)) continue;
    const ValueId x = r.node(difference).inputs[0], variance = under_root(r, root, inverse);
    if (variance == kAbsent || mean_of(r, r.node(difference).inputs[1]) != x || !r.f32_shape(x)) continue;
    if (const auto epsilon = epsilon_of_variance(r, variance, d)) return Statistics{x, *epsilon};
  }
  return std::nullopt;
}

// The constant vector that the only reader of `id`, an `op`, combines it with, as [channels].
Tensor vector_applied(const Rewriter& r, ValueId id, std::string_view op, Index channels) {
  const int n = r.only_reader(id);
  if (!r.is(n, op) || r.type(r.node(n).outputs[0]) != r.type(id)) return {};
  const Tensor vector = r.constant_of(other_of(r.node(n).inputs, id));
  const auto shape = r.f32_shape(id);
  if (!per_channel(vector, *shape, shape->size() - 1) || vector.count() != channels) return {};
  return vector.reshaped({channels});
}

Tensor ones(Index count) {
  Tensor t(TensorType{DType::f32, {count}});
  for (float& x : t.as_mutable<float>()) x = 1;
  return t;
}
}  // namespace

void fuse_layer_norm(Rewriter& r) {
  for (int n = 0; n < r.size(); ++n) {
    const auto found = match_quotient(r, n);
    if (!found) continue;
    const std::string name = r.node(n).name;
    const Index channels = r.f32_shape(found->x)->back();
    int last = n;
    Tensor gamma = vector_applied(r, r.node(n).outputs[0], "Mul", channels);
    if (gamma.empty())
      gamma = ones(channels);
    else
      last = r.only_reader(r.node(n).outputs[0]);
    Node norm{.name = name, .op = "LayerNormalization", .version = 17};
    norm.inputs = {found->x, r.constant(name + ".gamma", gamma)};
    if (const Tensor beta = vector_applied(r, r.node(last).outputs[0], "Add", channels); !beta.empty()) {
      norm.inputs.push_back(r.constant(name + ".beta", beta));
      last = r.only_reader(r.node(last).outputs[0]);
    }
    norm.attributes = {{"axis", Index{-1}}, {"epsilon", found->epsilon}};
    r.note(name);
    r.replace(last, std::move(norm));
  }
}
}  // namespace tulle::passes
