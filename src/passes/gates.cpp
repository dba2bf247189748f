// x sigmoid(x) -> silu; x clip(x + 3, 0, 6) / 6 and x hard_sigmoid(x; 1/6, 1/2) -> hard_swish;
// clip(x + 3, 0, 6) / 6 -> hard_sigmoid: as exporters write what their opset lacks.
#include "passes/activation.hpp"
#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
constexpr float kSixth = 1.0f / 6;

// x when `id` is clip(x + 3, 0, 6).
ValueId behind_clip_of_x_plus_3(const Rewriter& r, ValueId id) {
  const auto spec = made_by_activation(r, id);
  if (!spec || spec->kind != "clip" || spec->alpha != 0 || spec->beta != 6) return kAbsent;
  const int sum = r.maker(r.node(r.maker(id)).inputs[0], "Add");
  if (sum == kNobody) return kAbsent;
  const auto& terms = r.node(sum).inputs;
  return is_scalar(r, terms[1], 3) ? terms[0] : is_scalar(r, terms[0], 3) ? terms[1] : kAbsent;
}

bool is_gate(const Rewriter& r, ValueId gate, ValueId x, const char* kind) {
  const auto spec = made_by_activation(r, gate);
  return spec && spec->kind == kind && r.node(r.maker(gate)).inputs[0] == x;
}

std::optional<ActivationSpec> gate_of(const Rewriter& r, double scale, ValueId gate, ValueId x) {
  if (near(scale, 1)) {
    if (is_gate(r, gate, x, "sigmoid")) return ActivationSpec{"silu"};
    if (is_gate(r, gate, x, "hard_sigmoid")) {
      const auto spec = made_by_activation(r, gate);
      if (near(spec->alpha, kSixth) && near(spec->beta, 0.5)) return ActivationSpec{"hard_swish"};
    }
  }
  if (near(scale, kSixth) && behind_clip_of_x_plus_3(r, gate) == x) return ActivationSpec{"hard_swish"};
  return std::nullopt;
}

struct Match {
  ValueId x;
  ActivationSpec spec;
};

std::optional<Match> match(const Rewriter& r, const Product& p) {
  if (p.factors.size() == 1 && near(p.scale, kSixth))
    if (const ValueId x = behind_clip_of_x_plus_3(r, p.factors[0]); x != kAbsent)
      return Match{x, {"hard_sigmoid", kSixth, 0.5f}};
  if (p.factors.size() == 2)
    for (const ValueId x : p.factors)
      if (const auto spec = gate_of(r, p.scale, other_of(p.factors, x), x)) return Match{x, *spec};
  return std::nullopt;
}
}  // namespace

void fuse_gates(Rewriter& r) {
  for (int n = r.size() - 1; n >= 0; --n) {
    if (!r.is(n, "Mul") && !r.is(n, "Div")) continue;
    const auto found = match(r, product_at(r, n));
    if (!found || r.f32_shape(found->x) != r.f32_shape(r.node(n).outputs[0])) continue;
    Node activation = tulle_node("Activation", r.node(n).name, {found->x});
    set_activation(activation, found->spec);
    r.note(activation.name);
    r.replace(n, std::move(activation));
  }
}
}  // namespace tulle::passes
