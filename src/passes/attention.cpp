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
/// How Transpose brings the heads to the front, of queries, values and (back again) contexts, and of keys.
struct Layout {
  Perm heads_first, keys_turned;
};
const Layout kBatched{{0, 2, 1, 3}, {0, 2, 3, 1}};  // of [B, S, H, D]
const Layout kPlain{{1, 0, 2},
                    {1, 2, 0}};  // of [S, B H, D], as torch.nn.MultiheadAttention has it: a batch of 1
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
  Perm perm(wanted.size());
  std::iota(perm.begin(), perm.end(), 0);
  Heads heads{id, 1};
  for (;;) {
    if (strip_scale(r, heads.source, heads.scale)) continue;
    const int n = r.maker(heads.source, "Transpose");
    if (n == kNobody) break;
    const Perm inner = r.node(n).ints_attribute("perm");
    if (inner.size() != perm.size()) return std::nullopt;
    for (Index& axis : perm) axis = inner[static_cast<std::size_t>(axis)];
    heads.source = r.node(n).inputs[0];
  }
  const auto shape = r.f32_shape(heads.source);
  return perm == wanted && shape && shape->size() == perm.size() ? std::optional(heads) : std::nullopt;
}

/// What masks the scores after scaling: a value that is added, or a Where(condition, number, scores).
struct Mask {
  ValueId added = kAbsent;
  int where = kNobody;
  std::size_t kept = 0;  ///< which input of the Where the scores are: 1 or 2
};

struct Scores {
  int product = kNobody;  ///< the MatMul of queries and keys
  double scale = 1;
  std::vector<Mask> masks;
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

std::optional<Scores> match_scores(const Rewriter& r, ValueId id, int depth = 0);

std::optional<Scores> behind_mask(const Rewriter& r, ValueId id, const Mask& mask, int depth) {
  auto scores = match_scores(r, id, depth + 1);
  if (scores) scores->masks.push_back(mask);
  return scores;
}

// At most three masks (a causal one, one of padding, a bias by position) on top of the scaled product.
std::optional<Scores> match_scores(const Rewriter& r, ValueId id, int depth) {
  if (const auto plain = scaled_product(r, id)) return plain;
  const int n = depth < 3 && r.read_once(id) ? r.maker(id) : kNobody;
  if (r.is(n, "Add"))
    for (const std::size_t i : {0u, 1u})
      if (const auto scores = behind_mask(r, r.node(n).inputs[i], {.added = r.node(n).inputs[1 - i]}, depth))
        return scores;
  if (r.is(n, "Where"))
    for (const std::size_t i : {1u, 2u}) {
      const auto number = scalar(r, r.node(n).inputs[3 - i]);
      if (!number || *number > kAsGoodAsMinusInfinity) continue;
      if (const auto scores = behind_mask(r, r.node(n).inputs[i], {.where = n, .kept = i}, depth))
        return scores;
    }
  return std::nullopt;
}

struct Match {
  Heads q, k, v;
  Scores scores;
  int last = kNobody;  ///< the Transpose that puts the heads back
};

// The layout whose scores this Softmax turns into weights over its last axis; null when it does not.
const Layout* layout_of(const Rewriter& r, int softmax) {
  const auto shape = r.f32_shape(r.node(softmax).outputs[0]);
  const std::size_t rank = shape ? shape->size() : 0;
  const Index axis = r.node(softmax).int_attribute("axis", r.node(softmax).version < 13 ? 1 : -1);
  if ((rank != 3 && rank != 4) || (axis != -1 && axis + 1 != static_cast<Index>(rank))) return nullptr;
  return rank == 4 ? &kBatched : &kPlain;
}

std::optional<Match> match(const Rewriter& r, int softmax) {
  const Layout* layout = layout_of(r, softmax);
  if (!layout) return std::nullopt;
  const ValueId weights = r.node(softmax).outputs[0];
  const int context = r.only_reader(weights);
  const auto scores = match_scores(r, r.node(softmax).inputs[0]);
  if (!r.is(context, "MatMul") || r.node(context).inputs[0] != weights || !scores) return std::nullopt;
  const int last = r.only_reader(r.node(context).outputs[0]);
  if (!r.is(last, "Transpose") || r.node(last).ints_attribute("perm") != layout->heads_first)
    return std::nullopt;
  const auto& product = r.node(scores->product).inputs;
  const auto q = heads_behind(r, product[0], layout->heads_first);
  const auto k = heads_behind(r, product[1], layout->keys_turned);
  const auto v = heads_behind(r, r.node(context).inputs[1], layout->heads_first);
  if (!q || !k || !v || v->scale != 1) return std::nullopt;
  return Match{*q, *k, *v, *scores, last};
}

// [B, S, H, D] of the value that heads were made from.
Shape batched_shape(const Rewriter& r, ValueId source) {
  Shape shape = *r.f32_shape(source);
  if (shape.size() == 3) shape.insert(shape.begin(), 1);
  return shape;
}

// [B, H, Sq, Sk] in full, no operand broadcast; no empty axis, which Reshape could not say.
std::optional<Shape> scores_shape(const Rewriter& r, const Match& m) {
  const Shape q = batched_shape(r, m.q.source), k = batched_shape(r, m.k.source),
              v = batched_shape(r, m.v.source);
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

std::optional<Shape> mask_shape(const Rewriter& r, const Mask& mask) {
  if (mask.where == kNobody) return r.f32_shape(mask.added);
  const auto condition = r.type(r.node(mask.where).inputs[0]);
  return condition ? std::optional(condition->shape) : std::nullopt;
}

bool masks_fit(const Rewriter& r, const Match& m, const Shape& full) {
  return std::ranges::all_of(m.scores.masks, [&](const Mask& mask) {
    const auto shape = mask_shape(r, mask);
    return shape && broadcasts_to(*shape, full);
  });
}

// The mask as a value to add: Where(c, number, scores) becomes Where(c, number, 0).
ValueId additive(Rewriter& r, const Match& m, const Mask& mask) {
  if (mask.where == kNobody) return mask.added;
  Node where = r.node(mask.where);
  const float zero = 0;
  where.inputs[mask.kept] =
      r.constant(where.name + ".zero", Tensor::of<float>(DType::f32, {}, std::span(&zero, 1)));
  return r.insert_before(m.last, where, {DType::f32, *mask_shape(r, mask)});
}

Shape broadcast(const Shape& a, const Shape& b) {
  Shape out = a.size() > b.size() ? a : b;
  for (std::size_t i = 1; i <= std::min(a.size(), b.size()); ++i)
    out[out.size() - i] = a[a.size() - i] == 1 ? b[b.size() - i] : a[a.size() - i];
  return out;
}

// The sum of all masks; kAbsent without any.
ValueId mask_of(Rewriter& r, const Match& m) {
  ValueId sum = kAbsent;
  for (const Mask& mask : m.scores.masks) {
    const ValueId next = additive(r, m, mask);
    const Shape shape = sum == kAbsent ? Shape() : broadcast(*r.f32_shape(sum), *r.f32_shape(next));
    Node add{.name = r.node(m.last).name + ".masks", .op = "Add", .version = 13, .inputs = {sum, next}};
    sum = sum == kAbsent ? next : r.insert_before(m.last, std::move(add), {DType::f32, shape});
  }
  return sum;
}

ValueId flattened(Rewriter& r, const Match& m, ValueId heads, const char* which) {
  const Shape s = batched_shape(r, heads), flat{s[0], s[1], s[2] * s[3]};
  return r.insert_before(m.last, reshape_node(r, r.node(m.last).name + which, heads, flat),
                         {DType::f32, flat});
}

void fuse(Rewriter& r, const Match& m, const Shape& scores, const std::string& name) {
  const Shape v = batched_shape(r, m.v.source), out{scores[0], scores[2], v[2] * v[3]};
  Node attention = tulle_node("Attention", name,
                              {flattened(r, m, m.q.source, ".q"), flattened(r, m, m.k.source, ".k"),
                               flattened(r, m, m.v.source, ".v")});
  if (const ValueId mask = mask_of(r, m); mask != kAbsent) attention.inputs.push_back(mask);
  attention.attributes["num_heads"] = scores[1];
  attention.attributes["scale"] = static_cast<float>(m.scores.scale * m.q.scale * m.k.scale);
  r.note(name);
  const ValueId y = r.insert_before(m.last, std::move(attention), {DType::f32, out});
  r.replace(m.last, reshape_node(r, r.node(m.last).name, y, *r.f32_shape(r.node(m.last).outputs[0])));
}
}  // namespace

void fuse_attention(Rewriter& r) {
  for (int n = 0; n < r.size(); ++n) {
    if (!r.is(n, "Softmax")) continue;
    const auto found = match(r, n);
    const auto scores = found ? scores_shape(r, *found) : std::nullopt;
    if (scores && masks_fit(r, *found, *scores)) fuse(r, *found, *scores, r.node(n).name);
  }
}
}  // namespace tulle::passes
