// softmax(scale Q K^T + mask) V of heads that Reshape and Transpose made from [B, S, H D] -> tulle.Attention.
// The scale may stand at the scores, at the queries, at the keys, or in parts at several of them; a mask may
// be added or written by Where with a large negative number.
#include <algorithm>
#include <numeric>

#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
using Perm = std::vector<Index>;
const Perm kHeadsFirst{0, 2, 1, 3};  // [B, S, H, D] -> [B, H, S, D], and back
const Perm kKeysTurned{0, 2, 3, 1};  // [B, S, H, D] -> [B, H, D, S]
constexpr double kAsGoodAsMinusInfinity = -1e4;

/// A value of heads: scale x Transpose(source), source [B, S, H, D].
struct Heads {
  ValueId source = kAbsent;
  double scale = 1;
};

// One step back through a multiplication by a constant.
bool strip_scale(const Rewriter& r, ValueId& id, double& scale) {
  const int n = r.maker(id);
  if (r.is(n, "Div"))
    if (const auto c = scalar(r, r.node(n).inputs[1]); c && *c != 0) {
      id = r.node(n).inputs[0];
      scale /= *c;
      return true;
    }
  if (r.is(n, "Mul"))
    for (const std::size_t i : {0u, 1u})
      if (const auto c = scalar(r, r.node(n).inputs[i])) {
        id = r.node(n).inputs[1 - i];
        scale *= *c;
        return true;
      }
  return false;
}

std::optional<Heads> heads_behind(const Rewriter& r, ValueId id, const Perm& wanted) {
  Perm perm{0, 1, 2, 3};
  Heads heads{id, 1};
  for (;;) {
    if (strip_scale(r, heads.source, heads.scale)) continue;
    const int n = r.maker(heads.source, "Transpose");
    if (n == kNobody) break;
    const Perm inner = r.node(n).ints_attribute("perm");
    if (inner.size() != 4) return std::nullopt;
    for (Index& axis : perm) axis = inner[static_cast<std::size_t>(axis)];
    heads.source = r.node(n).inputs[0];
  }
  const auto shape = r.f32_shape(heads.source);
  return perm == wanted && shape && shape->size() == 4 ? std::optional(heads) : std::nullopt;
}

struct Scores {
  int product = kNobody;  ///< the MatMul of queries and keys
  double scale = 1;
  ValueId mask = kAbsent;  ///< added after scaling
  int where = kNobody;     ///< the Where that masks instead
  bool keeps_where_true = false;
};

// scale x MatMul(q, k), made for one reader.
std::optional<Scores> scaled_product(const Rewriter& r, ValueId id) {
  Scores scores;
  for (;;) {
    if (!r.read_once(id)) return std::nullopt;
    if (strip_scale(r, id, scores.scale)) continue;
    scores.product = r.maker(id, "MatMul");
    return scores.product == kNobody ? std::nullopt : std::optional(scores);
  }
}

std::optional<Scores> match_scores(const Rewriter& r, ValueId id) {
  if (const auto plain = scaled_product(r, id)) return plain;
  const int n = r.read_once(id) ? r.maker(id) : kNobody;
  if (r.is(n, "Add"))
    for (const std::size_t i : {0u, 1u})
      if (auto scores = scaled_product(r, r.node(n).inputs[i])) {
        scores->mask = r.node(n).inputs[1 - i];
        return scores;
      }
  if (r.is(n, "Where"))
    for (const std::size_t i : {1u, 2u}) {
      const auto other = scalar(r, r.node(n).inputs[3 - i]);
      auto scores = scaled_product(r, r.node(n).inputs[i]);
      if (!scores || !other || *other > kAsGoodAsMinusInfinity) continue;
      scores->where = n;
      scores->keeps_where_true = i == 1;
      return scores;
    }
  return std::nullopt;
}

struct Match {
  Heads q, k, v;
  Scores scores;
  int last = kNobody;  ///< the Transpose that puts the heads back
};

bool is_over_last_axis(const Rewriter& r, int softmax) {
  const auto shape = r.f32_shape(r.node(softmax).outputs[0]);
  if (!shape || shape->size() != 4) return false;
  const Index axis = r.node(softmax).int_attribute("axis", r.node(softmax).version < 13 ? 1 : -1);
  return axis == -1 || axis == 3;
}

std::optional<Match> match(const Rewriter& r, int softmax) {
  if (!is_over_last_axis(r, softmax)) return std::nullopt;
  const ValueId weights = r.node(softmax).outputs[0];
  const int context = r.only_reader(weights);
  const auto scores = match_scores(r, r.node(softmax).inputs[0]);
  if (!r.is(context, "MatMul") || r.node(context).inputs[0] != weights || !scores) return std::nullopt;
  const int last = r.only_reader(r.node(context).outputs[0]);
  if (!r.is(last, "Transpose") || r.node(last).ints_attribute("perm") != kHeadsFirst) return std::nullopt;
  const auto& product = r.node(scores->product).inputs;
  const auto q = heads_behind(r, product[0], kHeadsFirst), k = heads_behind(r, product[1], kKeysTurned);
  const auto v = heads_behind(r, r.node(context).inputs[1], kHeadsFirst);
  if (!q || !k || !v || v->scale != 1) return std::nullopt;
  return Match{*q, *k, *v, *scores, last};
}

// [B, H, Sq, Sk] in full, no operand broadcast; no empty axis, which Reshape could not say.
std::optional<Shape> scores_shape(const Rewriter& r, const Match& m) {
  const Shape q = *r.f32_shape(m.q.source), k = *r.f32_shape(m.k.source), v = *r.f32_shape(m.v.source);
  const bool agree =
      k[0] == q[0] && v[0] == q[0] && k[1] == v[1] && k[2] == q[2] && v[2] == q[2] && k[3] == q[3];
  const bool empty = std::ranges::count(q, 0) + std::ranges::count(k, 0) + std::ranges::count(v, 0) > 0;
  return agree && !empty ? std::optional(Shape{q[0], q[2], q[1], k[1]}) : std::nullopt;
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  if (from.size() > to.size()) return false;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const Index want = to[to.size() - from.size() + i];
    if (from[i] != 1 && from[i] != want) return false;
  }
  return true;
}

// The mask to add; kAbsent without one. A Where(c, number, scores) becomes Where(c, number, 0) for the
// adding.
ValueId additive_mask(Rewriter& r, const Match& m) {
  if (m.scores.where == kNobody) return m.scores.mask;
  Node where = r.node(m.scores.where);
  const std::size_t kept = m.scores.keeps_where_true ? 1 : 2;
  const float zero = 0;
  where.inputs[kept] =
      r.constant(where.name + ".zero", Tensor::of<float>(DType::f32, {}, std::span(&zero, 1)));
  return r.insert_before(m.last, where, {DType::f32, r.type(where.inputs[0])->shape});
}

bool mask_fits(const Rewriter& r, const Match& m, const Shape& full) {
  if (m.scores.where != kNobody) {
    const auto condition = r.type(r.node(m.scores.where).inputs[0]);
    return condition && broadcasts_to(condition->shape, full) && !condition->shape.empty();
  }
  if (m.scores.mask == kAbsent) return true;
  const auto mask = r.f32_shape(m.scores.mask);
  return mask && broadcasts_to(*mask, full);
}

ValueId flattened(Rewriter& r, const Match& m, ValueId heads, const char* which) {
  const Shape s = *r.f32_shape(heads), flat{s[0], s[1], s[2] * s[3]};
  return r.insert_before(m.last, reshape_node(r, r.node(m.last).name + which, heads, flat),
                         {DType::f32, flat});
}

void fuse(Rewriter& r, const Match& m, const Shape& scores, const std::string& name) {
  const Shape v = *r.f32_shape(m.v.source), out{scores[0], scores[2], v[2] * v[3]};
  Node attention = tulle_node("Attention", name,
                              {flattened(r, m, m.q.source, ".q"), flattened(r, m, m.k.source, ".k"),
                               flattened(r, m, m.v.source, ".v")});
  if (const ValueId mask = additive_mask(r, m); mask != kAbsent) attention.inputs.push_back(mask);
  attention.attributes["num_heads"] = scores[1];
  attention.attributes["scale"] = static_cast<float>(m.scores.scale * m.q.scale * m.k.scale);
  r.note(name);
  const ValueId y = r.insert_before(m.last, std::move(attention), {DType::f32, out});
  r.replace(m.last, reshape_node(r, r.node(m.last).name, y, {scores[0], scores[2], v[2], v[3]}));
}
}  // namespace

void fuse_attention(Rewriter& r) {
  for (int n = 0; n < r.size(); ++n) {
    if (!r.is(n, "Softmax")) continue;
    const auto found = match(r, n);
    const auto scores = found ? scores_shape(r, *found) : std::nullopt;
    if (scores && mask_fits(r, *found, *scores)) fuse(r, *found, *scores, r.node(n).name);
  }
}
}  // namespace tulle::passes
