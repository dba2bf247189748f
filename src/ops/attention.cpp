// Attention (ONNX 23, 24, 25): softmax(scale Q K^T + bias) V for each head, with a cache of past keys and
// values, groups of query heads that share a key head, masks, a causal or sliding window, and a soft cap of
// the scores.
#include <cmath>
#include <limits>

#include "ops/broadcast.hpp"
#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
enum Input : std::size_t { kQ, kK, kV, kMask, kPastKey, kPastValue, kValidKeys };
constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

struct Sizes {
  Index batch, q_heads, kv_heads, q_len, k_new, k_past, d, dv;
  bool heads_last;  ///< Q, K, V and Y are [batch, length, heads * size], not [batch, heads, length, size]
  Index k_len() const { return k_past + k_new; }
  Shape scores() const { return {batch, q_heads, q_len, k_len()}; }
};

/// An operand as [batch, heads, length, size].
Shape by_heads(const Call& call, std::size_t input, Index heads) {
  const Shape& s = call.input(input).shape();
  if (s.size() == 4) return s;
  if (s[2] % heads)
    call.fail(describe(call, input) + " does not split into " + std::to_string(heads) + " heads");
  return {s[0], heads, s[1], s[2] / heads};
}

void require_past(const Call& call, const Sizes& s) {
  if (call.has(kPastKey) != call.has(kPastValue)) call.fail("wants past_key and past_value together");
  if (!call.has(kPastKey)) return;
  require_shape(call, kPastKey, {s.batch, s.kv_heads, s.k_past, s.d});
  require_shape(call, kPastValue, {s.batch, s.kv_heads, s.k_past, s.dv});
}

Sizes sizes_of(const Call& call) {
  for (std::size_t i : {kQ, kK, kV}) {
    require_type<Floats>(call, i);
    require_rank(call, i, call.input(kQ).rank(), call.input(kQ).rank());
    require_rank(call, i, 3, 4);
  }
  const bool heads_last = call.input(kQ).rank() == 3;
  const Index least = heads_last ? 1 : 0, most = Index{1} << 31;
  const Shape q = by_heads(call, kQ, bounded_attribute(call, "q_num_heads", 0, least, most));
  const Index kv_heads = bounded_attribute(call, "kv_num_heads", 0, least, most);
  const Shape k = by_heads(call, kK, kv_heads), v = by_heads(call, kV, kv_heads);
  Sizes s{q[0], q[1], k[1], q[2], k[2], 0, q[3], v[3], heads_last};
  if (k != Shape{s.batch, s.kv_heads, s.k_new, s.d} || v != Shape{s.batch, s.kv_heads, s.k_new, s.dv} ||
      !s.kv_heads || s.q_heads % s.kv_heads)
    call.fail("Q, K and V are " + to_string(q) + ", " + to_string(k) + ", " + to_string(v) +
              " as [batch, heads, length, size]; they do not fit together");
  require_rank(call, kPastKey, 4, 4);
  if (call.has(kPastKey)) s.k_past = call.input(kPastKey).shape()[2];
  require_past(call, s);
  return s;
}

void check_mask(const Call& call, const Sizes& s) {
  if (!call.has(kMask)) return;
  if (call.input(kMask).dtype() != DType::boolean) require_type<Floats>(call, kMask);
  Shape mask = call.input(kMask).shape();
  if (mask.empty() || mask.back() > s.k_len())
    call.fail(describe(call, kMask) + " does not fit " + to_string(s.scores()));
  if (mask.back() != 1) mask.back() = s.k_len();  // keys past a short mask are masked out
  if (broadcast_shape(call, mask, s.scores()) != s.scores())
    call.fail(describe(call, kMask) + " does not broadcast to " + to_string(s.scores()));
}

Types infer_attention(const Call& call) {
  const Sizes s = sizes_of(call);
  require_size(call, {DType::f64, s.scores()});
  check_mask(call, s);
  if (call.has(kValidKeys)) require_dtype(call, kValidKeys, DType::i64);
  require_shape(call, kValidKeys, {s.batch});
  bounded_attribute(call, "qk_matmul_output_mode", 0, 0, 3);
  for (const char* key : {"left_window_size", "right_window_size"})
    bounded_attribute(call, key, -1, -1, Index{1} << 40);
  const DType q = call.input(kQ).dtype(), k = call.input(kK).dtype(), v = call.input(kV).dtype();
  const Shape y =
      s.heads_last ? Shape{s.batch, s.q_len, s.q_heads * s.dv} : Shape{s.batch, s.q_heads, s.q_len, s.dv};
  return first_outputs(call, {{q, y},
                              {k, {s.batch, s.kv_heads, s.k_len(), s.d}},
                              {v, {s.batch, s.kv_heads, s.k_len(), s.dv}},
                              {q, s.scores()}});
}

/// [batch, heads, past + new, size] of a past and of new ones that may have their heads last.
std::vector<double> gathered(const Call& call, std::size_t input, std::size_t past_input, const Sizes& s,
                             Index heads, Index length, Index size) {
  const std::vector<double> fresh = reals(call.input(input));
  const bool with_past = past_input != kQ && call.has(past_input);
  const std::vector<double> past = with_past ? reals(call.input(past_input)) : std::vector<double>();
  const Index before = with_past ? s.k_past : 0;
  std::vector<double> all(at(s.batch * heads * (before + length) * size));
  double* to = all.data();
  for (Index b = 0; b < s.batch; ++b)
    for (Index h = 0; h < heads; ++h) {
      to = std::copy_n(past.data() + (b * heads + h) * before * size, before * size, to);
      for (Index i = 0; i < length; ++i)
        to = std::copy_n(
            fresh.data() +
                (s.heads_last ? (b * length + i) * heads + h : (b * heads + h) * length + i) * size,
            size, to);
    }
  return all;
}

/// What is added to the scores before the softmax: 0 or a mask's number; minus infinity where a key is
/// hidden.
class Bias {
 public:
  Bias(const Call& call, const Sizes& s) : sizes_(s) {
    causal_ = call.node.int_attribute("is_causal", 0) != 0;
    left_ = call.node.int_attribute("left_window_size", -1),
    right_ = call.node.int_attribute("right_window_size", -1);
    if (call.has(kValidKeys))
      valid_.assign(call.input(kValidKeys).as<Index>().begin(), call.input(kValidKeys).as<Index>().end());
    past_ = call.has(kPastKey);
    if (!call.has(kMask)) return;
    const Argument& mask = call.input(kMask);
    Shape steps_to = s.scores();
    mask_len_ = mask.shape().back();
    if (mask_len_ != 1) steps_to.back() = mask_len_;
    steps_ = broadcast_strides(mask.shape(), steps_to);
    if (mask.dtype() == DType::boolean)
      for (Boolean allowed : mask.as<Boolean>()) mask_.push_back(allowed ? 0 : kMinusInfinity);
    else
      mask_ = reals(mask);
  }
  double operator()(Index b, Index h, Index i, Index j) const {
    // Position of query i among the keys: after the past, or at the end of the valid ones of a cache from
    // outside.
    const Index place = i + (!valid_.empty() && !past_ ? valid_[at(b)] - sizes_.q_len : sizes_.k_past);
    const bool hidden = (causal_ && j > place) || (left_ >= 0 && place - j > left_) ||
                        (right_ >= 0 && j - place > right_) || (!valid_.empty() && j >= valid_[at(b)]) ||
                        (!mask_.empty() && mask_len_ != 1 && j >= mask_len_);
    if (hidden) return kMinusInfinity;
    return mask_.empty() ? 0 : mask_[at(b * steps_[0] + h * steps_[1] + i * steps_[2] + j * steps_[3])];
  }

 private:
  Sizes sizes_;
  bool causal_ = false, past_ = false;
  Index left_ = -1, right_ = -1, mask_len_ = 1;
  std::vector<Index> valid_;
  std::vector<double> mask_;
  Strides steps_;
};

/// In place; a row that sees no key becomes 0.
void softmax(std::vector<double>& row, bool sees_a_key) {
  double top = kMinusInfinity, total = 0;
  for (double x : row) top = std::max(top, x);
  if (!sees_a_key || top == kMinusInfinity) return std::fill(row.begin(), row.end(), 0.0);
  for (double& x : row) total += x = std::exp(x - top);
  for (double& x : row) x /= total;
}

void store(std::span<const Result> out, std::size_t output, Index first, const std::vector<double>& values) {
  if (output >= out.size()) return;
  WideFloats::visit(out[output].type.dtype, [&]<class T>(T) {
    T* to = out[output].as<T>().data() + first;
    for (double v : values) *to++ = static_cast<T>(v);
  });
}

/// Turns the raw scores of one query into weights; hands out the stage that qk_matmul_output_mode asks for.
struct Scores {
  const Bias bias;
  double softcap;
  Index mode;
  std::vector<double> weigh(std::vector<double>& row, Index b, Index h, Index i) const {
    std::vector<double> shown = row;
    bool sees_a_key = false;
    if (softcap != 0)
      for (double& x : row) x = softcap * std::tanh(x / softcap);
    if (mode == 1) shown = row;
    for (std::size_t j = 0; j < row.size(); ++j) {
      const double added = bias(b, h, i, static_cast<Index>(j));
      sees_a_key = sees_a_key || added != kMinusInfinity;
      row[j] += added;
    }
    if (mode == 2) shown = row;
    softmax(row, sees_a_key);
    return mode == 3 ? row : shown;
  }
};

void eval_attention(const Call& call, std::span<const Result> out) {
  const Sizes s = sizes_of(call);
  const std::vector<double> q = gathered(call, kQ, kQ, s, s.q_heads, s.q_len, s.d),
                            k = gathered(call, kK, kPastKey, s, s.kv_heads, s.k_new, s.d),
                            v = gathered(call, kV, kPastValue, s, s.kv_heads, s.k_new, s.dv);
  store(out, 1, 0, k);
  store(out, 2, 0, v);
  const double scale = call.node.has_attribute("scale") ? call.node.float_attribute("scale", 1)
                                                        : 1 / std::sqrt(static_cast<double>(s.d));
  const Scores scores{Bias(call, s), call.node.float_attribute("softcap", 0),
                      call.node.int_attribute("qk_matmul_output_mode", 0)};
  std::vector<double> row(at(s.k_len())), sums(at(s.dv));
  for (Index line = 0; line < s.batch * s.q_heads * s.q_len; ++line) {
    const Index i = line % s.q_len, h = line / s.q_len % s.q_heads, b = line / s.q_len / s.q_heads;
    const Index keys = (b * s.kv_heads + h / (s.q_heads / s.kv_heads)) * s.k_len();
    for (Index j = 0; j < s.k_len(); ++j) {
      const double *query = q.data() + line * s.d, *key = k.data() + (keys + j) * s.d;
      double dot = 0;
      for (Index c = 0; c < s.d; ++c) dot += query[c] * key[c];
      row[at(j)] = scale * dot;
    }
    store(out, 3, line * s.k_len(), scores.weigh(row, b, h, i));
    std::fill(sums.begin(), sums.end(), 0.0);
    for (Index j = 0; j < s.k_len(); ++j)
      if (row[at(j)] != 0) axpy(row[at(j)], v.data() + (keys + j) * s.dv, sums.data(), s.dv);
    store(out, 0, (s.heads_last ? (b * s.q_len + i) * s.q_heads + h : line) * s.dv, sums);
  }
}
}  // namespace
extern const Operator kAttention{"Attention", "", 23, 3, 7, infer_attention, widened<eval_attention>};
}  // namespace tulle::ops
