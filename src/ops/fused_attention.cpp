// tulle.Attention: softmax(scale Q K^T + mask) V for each head; Q [B, Sq, H D], K [B, Sk, H D], V [B, Sk, H
// Dv], a mask that broadcasts to [B, H, Sq, Sk].
#include <cmath>

#include "ops/broadcast.hpp"
#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
struct HeadShape {
  Index batch, heads, q_len, k_len, d, dv;
  Shape scores() const { return {batch, heads, q_len, k_len}; }
};
HeadShape head_shape(const Call& call) {
  for (std::size_t i = 0; i < 3; ++i) {
    require_present(call, i);
    require_rank(call, i, 3, 3);
  }
  const Shape &q = call.input(0).shape(), &k = call.input(1).shape(), &v = call.input(2).shape();
  const Index heads = bounded_attribute(call, "num_heads", 0, 1, Index{1} << 20);
  const bool fits = k[1] > 0 && k[0] == q[0] && v[0] == q[0] && v[1] == k[1] && k[2] == q[2] &&
                    q[2] % heads == 0 && v[2] % heads == 0;
  if (!fits)
    call.fail("Q is " + to_string(q) + ", K " + to_string(k) + ", V " + to_string(v) +
              "; want [B, Sq, H D], [B, Sk, H D], [B, Sk, H Dv] for " + std::to_string(heads) + " heads");
  return {q[0], heads, q[1], k[1], q[2] / heads, v[2] / heads};
}
Types infer_attention(const Call& call) {
  require_floats(call);
  const HeadShape s = head_shape(call);
  require_size(call, {DType::f64, s.scores()});
  if (call.has(3) && broadcast_shape(call, call.input(3).shape(), s.scores()) != s.scores())
    call.fail(describe(call, 3) + " does not broadcast to " + to_string(s.scores()));
  return {{require_size(call, {call.input(0).dtype(), {s.batch, s.q_len, s.heads * s.dv}})}};
}

void softmax(std::vector<double>& row) {
  const double top = *std::max_element(row.begin(), row.end());
  double total = 0;
  for (double& x : row) total += x = std::exp(x - top);
  for (double& x : row) x /= total;
}

template <class T>
void attention(const Call& call, const Result& out) {
  const HeadShape s = head_shape(call);
  const double scale = call.node.float_attribute("scale", 1);
  const T *q = call.input(0).as<T>().data(), *k = call.input(1).as<T>().data(),
          *v = call.input(2).as<T>().data();
  const T* mask = call.has(3) ? call.input(3).as<T>().data() : nullptr;
  const Strides steps = call.has(3) ? broadcast_strides(call.input(3).shape(), s.scores()) : Strides(4, 0);
  std::vector<double> row(at(s.k_len)), sums(at(s.dv));
  Odometer p({s.batch, s.q_len, s.heads});
  if (out.count() == 0) return;
  do {
    const auto [b, i, h] = std::array{p.at[0], p.at[1], p.at[2]};
    const T* query = q + ((b * s.q_len + i) * s.heads + h) * s.d;
    for (Index j = 0; j < s.k_len; ++j) {
      const T* key = k + ((b * s.k_len + j) * s.heads + h) * s.d;
      double dot = 0;
      for (Index c = 0; c < s.d; ++c) dot += static_cast<double>(query[c]) * key[c];
      row[at(j)] = scale * dot + (mask ? mask[b * steps[0] + h * steps[1] + i * steps[2] + j * steps[3]] : 0);
    }
    softmax(row);
    std::fill(sums.begin(), sums.end(), 0.0);
    for (Index j = 0; j < s.k_len; ++j)
      axpy(row[at(j)], v + ((b * s.k_len + j) * s.heads + h) * s.dv, sums.data(), s.dv);
    std::copy(sums.begin(), sums.end(), out.as<T>().data() + ((b * s.q_len + i) * s.heads + h) * s.dv);
  } while (p.next());
}
void eval_attention(const Call& call, std::span<const Result> out) {
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) { attention<T>(call, out[0]); });
}
}  // namespace
extern const Operator kFusedAttention{
    "Attention", "tulle", 1, 3, 4, infer_attention, widened<eval_attention>};
}  // namespace tulle::ops
