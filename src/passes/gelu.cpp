// x/2 (1 + erf(x / sqrt 2)) and x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) -> tulle.Activation, whatever
// the order of operands and the association of the products (Hendrycks and Gimpel, arXiv 1606.08415).
#include <algorithm>
#include <cmath>
#include <numbers>

#include "passes/activation.hpp"
#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
bool is_x_times(const Product& p, ValueId x, double scale) {
  return p.factors == std::vector{x} && near(p.scale, scale);
}

bool is_erf_term(const Rewriter& r, ValueId id, ValueId x) {
  const int erf = r.read_once(id) ? r.maker(id, "Erf") : kNobody;
  return erf != kNobody && is_x_times(product_of(r, r.node(erf).inputs[0]), x, 1 / std::numbers::sqrt2);
}

// x + 0.044715 x^3
bool is_cubic(const Rewriter& r, ValueId id, ValueId x) {
  const Sum sum = sum_of(r, id);
  const ValueId cube = other_of(sum.terms, x);
  if (cube == kAbsent || sum.constant != 0) return false;
  const Product p = product_of(r, cube);
  return p.factors == std::vector{x, x, x} && near(p.scale, 0.044715);
}

// x (1 + 0.044715 x^2)
bool is_factored_cubic(const Rewriter& r, const std::vector<ValueId>& factors, ValueId x) {
  const ValueId rest = other_of(factors, x);
  if (rest == kAbsent || !r.read_once(rest)) return false;
  const Sum sum = sum_of(r, rest);
  if (sum.terms.size() != 1 || !near(sum.constant, 1)) return false;
  const Product p = product_of(r, sum.terms[0]);
  return p.factors == std::vector{x, x} && near(p.scale, 0.044715);
}

bool is_tanh_term(const Rewriter& r, ValueId id, ValueId x) {
  const int tanh = r.read_once(id) ? r.maker(id, "Tanh") : kNobody;
  if (tanh == kNobody) return false;
  const Product p = product_of(r, r.node(tanh).inputs[0]);
  if (!near(p.scale, std::sqrt(2 / std::numbers::pi))) return false;
  if (p.factors.size() == 1) return r.read_once(p.factors[0]) && is_cubic(r, p.factors[0], x);
  return is_factored_cubic(r, p.factors, x);
}

struct Match {
  ValueId x;
  const char* kind;
};

// The product is x/2 times a factor that is 1 + erf or 1 + tanh of x.
std::optional<Match> match(const Rewriter& r, const Product& product) {
  if (product.factors.size() != 2 || !near(product.scale, 0.5)) return std::nullopt;
  for (const ValueId x : product.factors) {
    const ValueId gate = other_of(product.factors, x);
    if (!r.read_once(gate)) continue;
    const Sum sum = sum_of(r, gate);
    if (sum.terms.size() != 1 || !near(sum.constant, 1)) continue;
    if (is_erf_term(r, sum.terms[0], x)) return Match{x, "gelu"};
    if (is_tanh_term(r, sum.terms[0], x)) return Match{x, "gelu_tanh"};
  }
  return std::nullopt;
}
}  // namespace

void fuse_gelu(Rewriter& r) {
  for (int n = r.size() - 1; n >= 0; --n) {  // the outermost product of a chain comes last
    if (!r.is(n, "Mul") && !r.is(n, "Div")) continue;
    const auto found = match(r, product_at(r, n));
    if (!found || r.f32_shape(found->x) != r.f32_shape(r.node(n).outputs[0])) continue;
    Node gelu = tulle_node("Activation", r.node(n).name, {found->x});
    set_activation(gelu, {found->kind});
    r.note(gelu.name);
    r.replace(n, std::move(gelu));
  }
}
}  // namespace tulle::passes
