// Operators that move elements by a rule of positions alone: Transpose, Concat, Split, Expand, Tile, depth
// and space.
#include <algorithm>
#include <numeric>

#include "ops/broadcast.hpp"
#include "ops/check.hpp"
#include "ops/list.hpp"

namespace tulle::ops {
namespace {
/// The dense output from input 0 read with these strides.
void gather_strided(const Call& call, const Result& out, const Shape& shape, const Strides& strides) {
  visit_size(out.type.dtype, [&]<class T>(T) {
    copy_strided(call.input(0).as<T>().data(), shape, strides, out.as<T>().data());
  });
}

/// Output dimension d is input dimension perm[d]; reversed when the attribute is absent.
std::vector<Index> permutation(const Call& call) {
  std::vector<Index> reversed(at(call.input(0).rank()));
  std::iota(reversed.rbegin(), reversed.rend(), Index{0});
  return call.node.ints_attribute("perm", std::move(reversed));
}
Types infer_transpose(const Call& call) {
  require_type<AnyType>(call, 0);
  const Argument& x = call.input(0);
  std::vector<Index> perm = permutation(call);
  if (static_cast<Index>(perm.size()) != x.rank())
    call.fail("permutes " + std::to_string(perm.size()) + " axes of " + to_string(x.shape()));
  perm = require_axes(call, std::move(perm), x.rank());
  Shape shape;
  for (Index p : perm) shape.push_back(x.shape()[at(p)]);
  return {{{x.dtype(), shape}}};
}
void eval_transpose(const Call& call, std::span<const Result> out) {
  const Strides dense = dense_strides(call.input(0).shape());
  Strides strides;
  for (Index p : permutation(call)) strides.push_back(dense[at(p < 0 ? p + call.input(0).rank() : p)]);
  gather_strided(call, out[0], out[0].type.shape, strides);
}

/// A tensor seen as `outer` rows of `bytes` each: what is before and what is from `axis` on.
struct Rows {
  Index outer;
  std::size_t bytes;
  Rows(const TensorType& type, Index axis)
      : outer(product(type.shape, 0, axis)),
        bytes(at(product(type.shape, axis, static_cast<Index>(type.shape.size()))) * size_bytes(type.dtype)) {
  }
};
Index axis_of(const Call& call, Index otherwise) {
  return require_axis(call, call.node.int_attribute("axis", otherwise), call.input(0).rank());
}

Types infer_concat(const Call& call) {
  require_type<AnyType>(call, 0);
  require_one_type(call);
  if (!call.node.has_attribute("axis")) call.fail("lacks the attribute 'axis'");
  const Index axis = axis_of(call, 0);
  Shape shape = call.input(0).shape();
  Index total = 0;
  for (const Argument& input : call.inputs) {
    Shape beside = input.shape();
    if (beside.size() == shape.size()) {
      total = checked_add(total, beside[at(axis)], "Concat");
      beside[at(axis)] = shape[at(axis)];
    }
    if (beside != shape)
      call.fail("inputs " + to_string(shape) + " and " + to_string(input.shape()) + " differ beside axis " +
                std::to_string(axis));
  }
  shape[at(axis)] = total;
  return {{require_size(call, {call.input(0).dtype(), shape})}};
}
void eval_concat(const Call& call, std::span<const Result> out) {
  const Index axis = axis_of(call, 0);
  const Rows whole(out[0].type, axis);
  auto* to = static_cast<std::byte*>(out[0].data);
  for (const Argument& input : call.inputs) {
    const Rows part(input.type, axis);
    if (part.outer == 0 || part.bytes == 0) continue;
    const auto* from = static_cast<const std::byte*>(input.data);
    for (Index r = 0; r < part.outer; ++r)
      std::memcpy(to + at(r) * whole.bytes, from + at(r) * part.bytes, part.bytes);
    to += part.bytes;
  }
}

/// Sizes of the parts along the axis of `size`: an attribute before opset 13, then input 1; equal when
/// absent.
std::optional<std::vector<Index>> split_sizes(const Call& call, Index size) {
  if (call.version() < 13 ? call.node.has_attribute("split") : call.has(1))
    return call.version() < 13 ? call.node.ints_attribute("split") : integers(call, 1);
  const auto outputs = static_cast<Index>(call.node.outputs.size());
  const Index parts = call.version() >= 18 ? call.node.int_attribute("num_outputs", outputs) : outputs;
  if (parts < 1 || parts > std::max(outputs, Index{1}))
    call.fail("splits into " + std::to_string(parts) + " parts; has " + std::to_string(outputs) + " outputs");
  const Index part = (size + parts - 1) / parts;
  if (call.version() < 18 && part * parts != size)
    call.fail("cannot split " + std::to_string(size) + " into " + std::to_string(parts) + " equal parts");
  std::vector<Index> sizes;
  for (Index left = size; static_cast<Index>(sizes.size()) < parts; left -= sizes.back())
    sizes.push_back(std::min(part, left));
  return sizes;
}
Types infer_split(const Call& call) {
  require_type<AnyType>(call, 0);
  const Index axis = axis_of(call, 0);
  const TensorType& whole = call.input(0).type;
  const auto sizes = split_sizes(call, whole.shape[at(axis)]);
  if (!sizes) return std::nullopt;
  std::vector<TensorType> types;
  Index sum = 0;
  for (Index size : *sizes) {
    if (size < 0 || size > whole.shape[at(axis)])
      call.fail("a part has " + std::to_string(size) + " of " + std::to_string(whole.shape[at(axis)]));
    sum = checked_add(sum, size, "Split");
    types.push_back(whole);
    types.back().shape[at(axis)] = size;
  }
  if (sum != whole.shape[at(axis)])
    call.fail("the parts have " + std::to_string(sum) + " of " + std::to_string(whole.shape[at(axis)]));
  if (types.size() < call.node.outputs.size())
    call.fail("makes " + std::to_string(types.size()) + " parts for " +
              std::to_string(call.node.outputs.size()) + " outputs");
  return types;
}
void eval_split(const Call& call, std::span<const Result> out) {
  const Index axis = axis_of(call, 0);
  const Rows whole(call.input(0).type, axis);
  const auto* from = static_cast<const std::byte*>(call.input(0).data);
  for (const Result& result : out) {
    const Rows part(result.type, axis);
    if (part.outer == 0 || part.bytes == 0) continue;
    auto* to = static_cast<std::byte*>(result.data);
    for (Index r = 0; r < part.outer; ++r)
      std::memcpy(to + at(r) * part.bytes, from + at(r) * whole.bytes, part.bytes);
    from += part.bytes;
  }
}

Types infer_expand(const Call& call) {
  require_type<AnyType>(call, 0);
  const auto target = integers(call, 1);
  if (!target) return std::nullopt;
  for (Index d : *target)
    if (d < 0) call.fail("target " + to_string(*target) + " has a negative dimension");
  return {
      {require_size(call, {call.input(0).dtype(), broadcast_shape(call, call.input(0).shape(), *target)})}};
}
void eval_expand(const Call& call, std::span<const Result> out) {
  gather_strided(call, out[0], out[0].type.shape,
                 broadcast_strides(call.input(0).shape(), out[0].type.shape));
}

Types infer_tile(const Call& call) {
  require_type<AnyType>(call, 0);
  const auto repeats = integers(call, 1);
  if (!repeats) return std::nullopt;
  TensorType type = call.input(0).type;
  if (repeats->size() != type.shape.size())
    call.fail("repeats " + to_string(*repeats) + " do not fit the shape " + to_string(type.shape));
  for (std::size_t d = 0; d < repeats->size(); ++d) {
    if ((*repeats)[d] < 0) call.fail("repeats " + to_string(*repeats) + " are negative");
    type.shape[d] = checked_mul(type.shape[d], (*repeats)[d], "Tile");
  }
  return {{require_size(call, std::move(type))}};
}
/// As a broadcast: dimension n repeated r times is [r, n], of which the first is stepped through with stride
/// 0.
void eval_tile(const Call& call, std::span<const Result> out) {
  const Shape& in = call.input(0).shape();
  const Strides dense = dense_strides(in);
  Shape shape;
  Strides strides;
  for (std::size_t d = 0; d < in.size(); ++d) {
    shape.insert(shape.end(), {in[d] ? out[0].type.shape[d] / in[d] : 0, in[d]});
    strides.insert(strides.end(), {0, dense[d]});
  }
  gather_strided(call, out[0], shape, strides);
}

/// [N, C, H, W] and the block's size b, checked.
Index block_size(const Call& call) {
  require_type<AnyType>(call, 0);
  const Index b = call.node.int_attribute("blocksize", 0);
  if (call.input(0).rank() != 4 || b < 1 || b > Index{1} << 20)
    call.fail("has input " + to_string(call.input(0).shape()) + " and blocksize " + std::to_string(b) +
              "; want N x C x H x W and 1 or more");
  return b;
}
/// Whether the positions within a block come before the channels (DCR) or after (CRD).
bool blocks_first(const Call& call) {
  const std::string mode = call.node.string_attribute("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") call.fail("attribute 'mode' is '" + mode + "'; want DCR or CRD");
  return mode == "DCR";
}
Types infer_depth_to_space(const Call& call) {
  const Index b = block_size(call);
  const Shape& x = call.input(0).shape();
  blocks_first(call);
  if (x[1] % (b * b))
    call.fail(std::to_string(x[1]) + " channels are no multiple of " + std::to_string(b * b));
  return {{{call.input(0).dtype(), {x[0], x[1] / (b * b), checked_mul(x[2], b), checked_mul(x[3], b)}}}};
}
void eval_depth_to_space(const Call& call, std::span<const Result> out) {
  const Index b = block_size(call);
  const Shape& y = out[0].type.shape;
  const Strides s = dense_strides(call.input(0).shape());
  const bool first = blocks_first(call);
  const Index c = first ? s[1] : b * b * s[1], column = first ? y[1] * s[1] : s[1], row = b * column;
  gather_strided(call, out[0], {y[0], y[1], y[2] / b, b, y[3] / b, b}, {s[0], c, s[2], row, s[3], column});
}
Types infer_space_to_depth(const Call& call) {
  const Index b = block_size(call);
  const Shape& x = call.input(0).shape();
  blocks_first(call);
  if (x[2] % b || x[3] % b) call.fail(to_string(x) + " does not fall into blocks of " + std::to_string(b));
  return {{{call.input(0).dtype(), {x[0], checked_mul(x[1], b * b), x[2] / b, x[3] / b}}}};
}
void eval_space_to_depth(const Call& call, std::span<const Result> out) {
  const Index b = block_size(call);
  const Shape &x = call.input(0).shape(), &y = out[0].type.shape;
  const Strides s = dense_strides(x);
  if (blocks_first(call))
    gather_strided(call, out[0], {y[0], b, b, x[1], y[2], y[3]},
                   {s[0], s[2], s[3], s[1], b * s[2], b * s[3]});
  else
    gather_strided(call, out[0], {y[0], x[1], b, b, y[2], y[3]},
                   {s[0], s[1], s[2], s[3], b * s[2], b * s[3]});
}
}  // namespace

extern const Operator kConcat{"Concat", "", 4, 1, 1u << 20, infer_concat, eval_concat};
extern const Operator kDepthToSpace{"DepthToSpace", "", 1, 1, 1, infer_depth_to_space, eval_depth_to_space};
extern const Operator kExpand{"Expand", "", 8, 2, 2, infer_expand, eval_expand};
extern const Operator kSpaceToDepth{"SpaceToDepth", "", 1, 1, 1, infer_space_to_depth, eval_space_to_depth};
extern const Operator kSplit{"Split", "", 2, 1, 2, infer_split, eval_split};
extern const Operator kTile{"Tile", "", 6, 2, 2, infer_tile, eval_tile};
extern const Operator kTranspose{"Transpose", "", 1, 1, 1, infer_transpose, eval_transpose};
}  // namespace tulle::ops
