// MatMul(X, B) and Gemm(X, B, C) with constant B -> tulle.Linear(X, W, bias) with W [M, K] = B^T, the form in
// which a row of W makes one output: weights are transposed here, once.
#include <algorithm>
#include <map>

#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
Tensor transposed(const Tensor& b) {
  const Index rows = b.shape()[0], cols = b.shape()[1];
  Tensor w(TensorType{DType::f32, {cols, rows}});
  const float* from = b.as<float>().data();
  float* to = w.as_mutable<float>().data();
  constexpr Index kBlock = 32;  // 32 x 32 floats of both sides fit the first-level cache
  for (Index j0 = 0; j0 < cols; j0 += kBlock)
    for (Index i0 = 0; i0 < rows; i0 += kBlock)
      for (Index j = j0; j < std::min(j0 + kBlock, cols); ++j)
        for (Index i = i0; i < std::min(i0 + kBlock, rows); ++i) to[j * rows + i] = from[i * cols + j];
  return w;
}

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
    replace(n, {x, transposed_once(b)});
  }

  void gemm(int n) {
    const Node& gemm = r_.node(n);
    const ValueId x = gemm.inputs[0], b = gemm.inputs[1], c = input(gemm, 2);
    if (!is_weight(b) || !has_rank_from_2(x) || gemm.int_attribute("transA", 0) != 0) return;
    std::vector<ValueId> inputs{x, gemm.int_attribute("transB", 0) ? b : transposed_once(b)};
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
    replace(n, std::move(inputs));
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
  // Weights may be shared by nodes (tied embeddings).
  ValueId transposed_once(ValueId b) {
    const auto [it, added] = transposed_.try_emplace(b, kAbsent);
    if (added) it->second = r_.constant(std::string(r_.name_of(b)), transposed(r_.constant_of(b)));
    return it->second;
  }
  void replace(int n, std::vector<ValueId> inputs) {
    r_.note(r_.node(n).name);
    r_.replace(n, tulle_node("Linear", r_.node(n).name, std::move(inputs)));
  }

  Rewriter& r_;
  std::map<ValueId, ValueId> transposed_;
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
