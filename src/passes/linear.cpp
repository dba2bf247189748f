// MatMul(X, B) and Gemm(X, B, C) with constant B -> tulle.Linear(X, W, bias), where W is B as it lies in the file:
// [K, M] under the attribute `transposed`, or [M, K].
#include <algorithm>

#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
Tensor scaled(const Tensor& t, float factor) {
  if (factor == 1) return t;
  Tensor out(t.type());
  std::ranges::transform(t.as<float>(), out.as_mutable<float>().begin(), [&](float x) { return x * factor; });
  return out;
}

class LinearMaker {
 public:
  explicit LinearMaker(Rewriter& r) : r_(r) {}

  void matmul(int n) {
    const ValueId x = r_.node(n).inputs[0], b = r_.node(n).inputs[1];
    if (!is_weight(b) || !has_rank_from_2(x)) return;
    replace(n, {x, b}, true);
  }

  void gemm(int n) {
    const Node& gemm = r_.node(n);
    const ValueId x = gemm.inputs[0], b = gemm.inputs[1], c = input(gemm, 2);
    if (!is_weight(b) || !has_rank_from_2(x) || gemm.int_attribute("transA", 0) != 0) return;
    std::vector<ValueId> inputs{x, b};
    const float alpha = gemm.float_attribute("alpha", 1), beta = gemm.float_attribute("beta", 1);
    if (alpha != 1) inputs[1] = r_.constant(gemm.name + ".weight", scaled(r_.constant_of(inputs[1]), alpha));
    if (c != kAbsent && beta != 0) {
      const Shape full = *r_.f32_shape(gemm.outputs[0]);
      const auto bias = per_channel(r_.constant_of(c), full, 1);
      if (bias) {
        const Tensor values = Tensor::of<float>(DType::f32, {full[1]}, std::span(*bias));
        inputs.push_back(r_.constant(gemm.name + ".bias", scaled(values, beta)));
      } else if (beta == 1 && r_.f32_shape(c) == full) {
        inputs.insert(inputs.end(), {kAbsent, c});
      } else {
        return;
      }
    }
    replace(n, std::move(inputs), gemm.int_attribute("transB", 0) == 0);
  }

 private:
  bool is_weight(ValueId id) const {
    const auto shape = r_.f32_shape(id);
    return r_.is_constant(id) && shape && shape->size() == 2;
  }
  bool has_rank_from_2(ValueId id) const {
    const auto shape = r_.f32_shape(id);
    return shape && shape->size() >= 2;
  }
  void replace(int n, std::vector<ValueId> inputs, bool transposed) {
    Node linear = tulle_node("Linear", r_.node(n).name, std::move(inputs));
    if (transposed) linear.attributes["transposed"] = Index{1};
    r_.note(linear.name);
    r_.replace(n, std::move(linear));
  }

  Rewriter& r_;
};
}  // namespace

void make_linear(Rewriter& r) {
  LinearMaker maker(r);
  for (int n = 0; n < r.size(); ++n) {
    if (r.is(n, "MatMul")) maker.matmul(n);
    if (r.is(n, "Gemm")) maker.gemm(n);
  }
}
}  // namespace tulle::passes
