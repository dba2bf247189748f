// One tulle.Linear whose outputs are taken apart (queries, keys and values made by one product) -> one
// tulle.Linear for each part, with its rows of W: by Split or Slices of the last axis, or by Reshape,
// Transpose and then Split or Gather along an axis that came out of the last one.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "passes/list.hpp"
#include "passes/match.hpp"

namespace tulle::passes {
namespace {
using Rows = std::vector<Index>;

/// A value that holds positions first .. first + count - 1 along an axis of what was taken apart.
struct Part {
  ValueId value;
  Index first, count;
  bool drops_axis;  ///< count is 1 and the value has no such axis any more
  int reader;       ///< the node that takes the part
};

Tensor rows_of(const Tensor& t, const Rows& rows) {
  Shape shape = t.shape();
  shape[0] = static_cast<Index>(rows.size());
  Tensor out(TensorType{t.dtype(), shape});
  const std::size_t row_bytes = t.size_bytes() / static_cast<std::size_t>(t.shape()[0]);
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::memcpy(static_cast<std::byte*>(out.mutable_data()) + i * row_bytes,
                static_cast<const std::byte*>(t.data()) + static_cast<std::size_t>(rows[i]) * row_bytes,
                row_bytes);
  return out;
}

Tensor columns_of(const Tensor& t, const Rows& columns) {
  const auto width = static_cast<std::size_t>(t.shape()[1]);
  Tensor out(TensorType{t.dtype(), {t.shape()[0], static_cast<Index>(columns.size())}});
  const float* from = t.as<float>().data();
  float* to = out.as_mutable<float>().data();
  for (Index k = 0; k < t.shape()[0]; ++k, from += width)
    for (const Index column : columns) *to++ = from[column];
  return out;
}

// A product without residual, with constant bias if any: what may be cut by rows.
int plain_linear(const Rewriter& r, ValueId y) {
  const int n = r.maker(y, "Linear", "tulle");
  if (n == kNobody || !r.f32_shape(y) || input(r.node(n), 3) != kAbsent) return kNobody;
  const ValueId bias = input(r.node(n), 2);
  return bias == kAbsent || r.is_constant(bias) ? n : kNobody;
}

ValueId cut(Rewriter& r, int linear, const Rows& rows, const Part& part) {
  Node piece = r.node(linear);
  piece.name += "." + std::to_string(part.first);
  for (const std::size_t i : {1u, 2u}) {
    if (input(piece, i) == kAbsent) continue;
    const Tensor& whole = r.constant_of(piece.inputs[i]);
    const bool across = i == 1 && piece.int_attribute("transposed", 0) != 0;
    Tensor taken = across ? columns_of(whole, rows) : rows_of(whole, rows);
    piece.inputs[i] = r.constant(r.name_of(piece.inputs[i]) + "." + std::to_string(part.first), std::move(taken));
  }
  Shape shape = *r.f32_shape(r.node(linear).outputs[0]);
  shape.back() = static_cast<Index>(rows.size());
  return r.insert_before(part.reader, std::move(piece), {DType::f32, shape});
}

std::vector<Part> parts_of_split(const Rewriter& r, int split, std::size_t axis) {
  std::vector<Part> parts;
  Index first = 0;
  for (const ValueId id : r.node(split).outputs) {
    const auto shape = r.f32_shape(id);
    if (!shape) return {};
    const Index count = (*shape)[axis];
    parts.push_back({id, first, count, false, split});
    first += count;
    const int squeeze = r.only_reader(id);
    Shape squeezed = *shape;
    squeezed.erase(squeezed.begin() + static_cast<std::ptrdiff_t>(axis));
    if (count == 1 && (r.is(squeeze, "Squeeze") || r.is(squeeze, "Reshape")) &&
        r.f32_shape(r.node(squeeze).outputs[0]) == squeezed)
      parts.back() = {r.node(squeeze).outputs[0], first - 1, 1, true, squeeze};
  }
  return parts;
}

std::optional<Part> gathered(const Rewriter& r, int gather, Index size) {
  const auto index = integers(r, r.node(gather).inputs[1]);
  if (!index || !r.type(r.node(gather).inputs[1])->shape.empty()) return std::nullopt;
  const Index position = (*index)[0] < 0 ? (*index)[0] + size : (*index)[0];
  return Part{r.node(gather).outputs[0], position, 1, true, gather};
}

// Step 1, one axis, ends that are known.
std::optional<Part> sliced(const Rewriter& r, int slice, std::size_t axis, std::size_t rank) {
  const Node& node = r.node(slice);
  const auto starts = integers_of(r, node, "starts", 1), axes = integers_of(r, node, "axes", 3);
  const auto steps = integers_of(r, node, "steps", 4);
  const auto in = r.f32_shape(node.inputs[0]), out = r.f32_shape(node.outputs[0]);
  if (!starts || !axes || !steps || !in || !out || starts->size() != 1 || axes->size() != 1)
    return std::nullopt;
  if (absolute_axis((*axes)[0], rank) != axis || (!steps->empty() && (*steps)[0] != 1)) return std::nullopt;
  const Index size = (*in)[axis];
  const Index first = std::clamp<Index>((*starts)[0] < 0 ? (*starts)[0] + size : (*starts)[0], 0, size);
  return Part{node.outputs[0], first, (*out)[axis], false, slice};
}

struct Parts {
  std::size_t axis = 0;
  std::vector<Part> list;  ///< empty: the value is not taken apart along one axis
};

// How the readers of `id` take it apart; nothing unless they all do.
Parts parts_of(const Rewriter& r, ValueId id) {
  const auto shape = r.f32_shape(id);
  if (!shape || r.readers(id).empty() || r.is_output(id)) return {};
  const std::size_t rank = shape->size();
  Parts parts;
  const int first = r.readers(id)[0];
  if (r.is(first, "Split") && r.readers(id).size() == 1) {
    parts.axis = absolute_axis(r.node(first).int_attribute("axis", 0), rank);
    parts.list = parts_of_split(r, first, parts.axis);
    return parts;
  }
  parts.axis = rank - 1;
  if (r.is(first, "Gather")) parts.axis = absolute_axis(r.node(first).int_attribute("axis", 0), rank);
  for (const int n : r.readers(id)) {
    std::optional<Part> part;
    if (r.is(n, "Gather") && r.node(n).inputs[0] == id &&
        absolute_axis(r.node(n).int_attribute("axis", 0), rank) == parts.axis)
      part = gathered(r, n, (*shape)[parts.axis]);
    if (r.is(n, "Slice")) part = sliced(r, n, parts.axis, rank);
    if (!part) return {};
    parts.list.push_back(*part);
  }
  return parts;
}

// Whether the parts do not overlap: cutting must not compute anything twice.
bool is_partition(const std::vector<Part>& parts, Index size) {
  std::vector<bool> taken(static_cast<std::size_t>(size), false);
  for (const Part& p : parts)
    for (Index i = p.first; i < p.first + p.count; ++i) {
      if (i < 0 || i >= size || taken[static_cast<std::size_t>(i)]) return false;
      taken[static_cast<std::size_t>(i)] = true;
    }
  return parts.size() > 1;
}

bool cut_directly(Rewriter& r, int linear, ValueId y) {
  const Shape shape = *r.f32_shape(y);
  const Parts parts = parts_of(r, y);
  if (parts.axis + 1 != shape.size() || !is_partition(parts.list, shape.back())) return false;
  for (const Part& part : parts.list) {
    if (part.drops_axis) return false;
  }
  for (const Part& part : parts.list) {
    Rows rows(static_cast<std::size_t>(part.count));
    std::iota(rows.begin(), rows.end(), part.first);
    r.forward(part.value, cut(r, linear, rows, part));
  }
  return true;
}

/// y [..., M] seen as [..., f0, f1, ...], its axes permuted, then taken apart along one that came from f.
struct Rearranged {
  Shape shape;              ///< [..., f0, f1, ...]
  std::vector<Index> perm;  ///< what the Transpose does, the identity without one
  ValueId value = kAbsent;  ///< the result
};

std::optional<Rearranged> rearranged(const Rewriter& r, ValueId y) {
  const Shape before = *r.f32_shape(y);
  const int reshape = r.only_reader(y);
  if (!r.is(reshape, "Reshape")) return std::nullopt;
  const ValueId view = r.node(reshape).outputs[0];
  const auto shape = r.f32_shape(view);
  if (!shape || shape->size() <= before.size() ||
      !std::equal(before.begin(), before.end() - 1, shape->begin()))
    return std::nullopt;
  Rearranged found{*shape, Rows(shape->size()), view};
  std::iota(found.perm.begin(), found.perm.end(), 0);
  if (const int n = r.only_reader(view); r.is(n, "Transpose")) {
    found.perm = r.node(n).ints_attribute("perm");
    found.value = r.node(n).outputs[0];
  }
  return found.perm.size() == shape->size() ? std::optional(found) : std::nullopt;
}

// The rows of W behind positions [first, first + count) of axis `factor` of the shape, whose first `lead`
// axes are not made of rows.
Rows rows_behind(const Shape& shape, std::size_t lead, std::size_t factor, const Part& part) {
  Index inner = 1, all = 1;
  for (std::size_t i = lead; i < shape.size(); ++i) all *= shape[i];
  for (std::size_t i = factor + 1; i < shape.size(); ++i) inner *= shape[i];
  Rows rows;
  for (Index row = 0; row < all; ++row)
    if (const Index position = row / inner % shape[factor];
        position >= part.first && position < part.first + part.count)
      rows.push_back(row);
  return rows;
}

void cut_rearranged(Rewriter& r, int linear, const Rearranged& from, std::size_t lead, std::size_t factor,
                    const Part& part) {
  const ValueId piece = cut(r, linear, rows_behind(from.shape, lead, factor, part), part);
  Shape shape = from.shape;
  std::vector<Index> perm = from.perm;
  shape[factor] = part.count;
  if (part.drops_axis) {
    shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(factor));
    std::erase(perm, static_cast<Index>(factor));
    for (Index& axis : perm) axis -= axis > static_cast<Index>(factor);
  }
  const std::string name = r.node(linear).name + "." + std::to_string(part.first);
  ValueId value =
      r.insert_before(part.reader, reshape_node(r, name + ".view", piece, shape), {DType::f32, shape});
  if (!std::ranges::is_sorted(perm)) {
    Node transpose{.name = name + ".transpose", .op = "Transpose", .version = 13, .inputs = {value}};
    transpose.attributes["perm"] = perm;
    value = r.insert_before(part.reader, std::move(transpose), *r.type(part.value));
  }
  r.forward(part.value, value);
}

bool cut_through_view(Rewriter& r, int linear, ValueId y) {
  const auto from = rearranged(r, y);
  if (!from || std::ranges::find(from->shape, 0) != from->shape.end()) return false;
  const Parts parts = parts_of(r, from->value);
  if (parts.list.empty()) return false;
  const std::size_t lead = r.f32_shape(y)->size() - 1,
                    factor = static_cast<std::size_t>(from->perm[parts.axis]);
  if (factor < lead || !is_partition(parts.list, from->shape[factor])) return false;
  for (const Part& part : parts.list) cut_rearranged(r, linear, *from, lead, factor, part);
  return true;
}
}  // namespace

void cut_qkv(Rewriter& r) {
  for (int n = 0; n < r.size(); ++n) {
    if (!r.is(n, "Linear", "tulle")) continue;
    const ValueId y = r.node(n).outputs[0];
    if (plain_linear(r, y) == kNobody) continue;
    const std::string name = r.node(n).name;
    if (cut_directly(r, n, y) || cut_through_view(r, n, y)) r.note(name);
  }
}
}  // namespace tulle::passes
