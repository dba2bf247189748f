// Operators that only move elements, on row-major buffers: Transpose, Concat, and Gather of one position, as class
// tokens and the parts of transformers that no fusion met need them. Loops are made when the plan is.
#include <cstring>
#include "core/threads.hpp"
#include "plan/lowering.hpp"

namespace tulle::plan {
namespace {
/// Bytes from one turn of the loop to the next.
struct Loop {
  Index count, from, to;
};

/// A loop nest that copies elements of `size` bytes from one buffer to another, outermost loop first.
struct Move {
  std::vector<Loop> loops;
  std::size_t size = 4;
  BufferId from = -1, to = -1;
  Index from_bytes = 0, to_bytes = 0;  ///< where it starts
};

template <class T>
void copy_elements(const Loop& l, const std::byte* from, std::byte* to) noexcept {
  for (Index i = 0; i < l.count; ++i) std::memcpy(to + i * l.to, from + i * l.from, sizeof(T));
}

void copy(const Move& m, std::size_t depth, Index first, Index last, const std::byte* from, std::byte* to) noexcept {
  Loop l = m.loops[depth];
  from += first * l.from, to += first * l.to;
  l.count = last - first;
  if (depth + 1 < m.loops.size()) {
    for (Index i = 0; i < l.count; ++i) copy(m, depth + 1, 0, m.loops[depth + 1].count, from + i * l.from, to + i * l.to);
    return;
  }
  if (l.from == static_cast<Index>(m.size) && l.to == l.from)
    std::memcpy(to, from, static_cast<std::size_t>(l.count) * m.size);
  else if (m.size == 1)
    copy_elements<std::uint8_t>(l, from, to);
  else if (m.size == 2)
    copy_elements<std::uint16_t>(l, from, to);
  else if (m.size == 4)
    copy_elements<std::uint32_t>(l, from, to);
  else
    copy_elements<std::uint64_t>(l, from, to);
}

class MoveStep final : public Step {
 public:
  explicit MoveStep(Move move) : move_(std::move(move)) {
    constexpr Index kWorthThreads = Index{256} << 10;  // bytes
    Index bytes = static_cast<Index>(move_.size);
    for (const Loop& l : move_.loops) bytes *= l.count;
    shared_ = bytes >= kWorthThreads;
  }
  void run(const Frame& f) const override {
    parallel_for(move_.loops[0].count, shared_ ? f.threads : 1, [&](Index first, Index last) {
      copy(move_, 0, first, last, f.buffers[move_.from] + move_.from_bytes, f.buffers[move_.to] + move_.to_bytes);
    });
  }

 private:
  Move move_;
  bool shared_ = false;
};

/// Adds a loop inside the others: none for a single turn, a longer one where both sides step on through two.
void add_loop(Move& m, Loop l) {
  if (l.count == 1) return;
  if (!m.loops.empty() && m.loops.back().from == l.from * l.count && m.loops.back().to == l.to * l.count) {
    l.count *= m.loops.back().count;
    m.loops.pop_back();
  }
  m.loops.push_back(l);
}

void emit_move(Builder& b, Move m) {
  const auto size = static_cast<Index>(m.size);
  if (m.loops.empty()) m.loops.push_back({1, size, size});
  const std::vector<BufferId> touched{m.from, m.to};
  b.emit(std::make_unique<MoveStep>(std::move(m)), touched, "move");
}

/// Elements of all dimensions from `axis` on; from `axis` = rank on: 1.
Index elements_from(const Shape& s, std::size_t axis) {
  Index count = 1;
  for (std::size_t d = axis; d < s.size(); ++d) count *= s[d];
  return count;
}

/// A move from the row-major value.
Move move_of(Builder& b, graph::ValueId x, BufferId to) {
  return {.size = size_bytes(b.dtype(x)), .from = b.rows(x), .to = to};
}

bool lower_transpose(Builder& b, const graph::Node& n) {
  const graph::ValueId x = n.inputs[0], y = n.outputs[0];
  const Shape &in = b.shape(x), &out = b.shape(y);
  std::vector<Index> perm = n.ints_attribute("perm");
  if (perm.empty())
    for (std::size_t d = in.size(); d-- > 0;) perm.push_back(static_cast<Index>(d));
  Move m = move_of(b, x, b.make_rows(y));
  for (std::size_t d = 0; d < out.size(); ++d) {
    const auto axis = static_cast<std::size_t>(perm[d] < 0 ? perm[d] + static_cast<Index>(in.size()) : perm[d]);
    const auto size = static_cast<Index>(m.size);
    add_loop(m, {out[d], elements_from(in, axis + 1) * size, elements_from(out, d + 1) * size});
  }
  emit_move(b, std::move(m));
  return true;
}

std::size_t axis_of(const Builder& b, const graph::Node& n) {
  const Index axis = n.int_attribute("axis", 0);
  return static_cast<std::size_t>(axis < 0 ? axis + static_cast<Index>(b.shape(n.inputs[0]).size()) : axis);
}

bool lower_concat_rows(Builder& b, const graph::Node& n) {
  const std::size_t axis = axis_of(b, n);
  const graph::ValueId y = n.outputs[0];
  const BufferId to = b.make_rows(y);
  Index before = 0;
  for (graph::ValueId x : n.inputs) {
    if (element_count(b.shape(x)) == 0) continue;
    Move m = move_of(b, x, to);
    const auto size = static_cast<Index>(m.size);
    const Index part = elements_from(b.shape(x), axis), whole = elements_from(b.shape(y), axis);
    m.to_bytes = before * size;
    add_loop(m, {element_count(b.shape(x)) / part, part * size, whole * size});
    add_loop(m, {part, size, size});
    emit_move(b, std::move(m));
    before += part;
  }
  return true;
}

/// The only index, if it is one that is known and in range.
std::optional<Index> one_index(const Builder& b, graph::ValueId id, Index size) {
  if (!b.is_constant(id) || b.graph().value(id).constant.count() != 1) return std::nullopt;
  const Tensor& t = b.graph().value(id).constant;
  const Index index = t.dtype() == DType::i64 ? t.as<Index>()[0] : t.as<std::int32_t>()[0];
  if (index < -size || index >= size) return std::nullopt;
  return index < 0 ? index + size : index;
}

bool lower_gather_one(Builder& b, const graph::Node& n) {
  const std::size_t axis = axis_of(b, n);
  const graph::ValueId x = n.inputs[0];
  const Shape& in = b.shape(x);
  const auto index = one_index(b, n.inputs[1], in[axis]);
  if (!index) return false;
  Move m = move_of(b, x, b.make_rows(n.outputs[0]));
  const auto size = static_cast<Index>(m.size);
  const Index inner = elements_from(in, axis + 1);
  m.from_bytes = *index * inner * size;
  add_loop(m, {element_count(in) / (in[axis] * inner), in[axis] * inner * size, inner * size});
  add_loop(m, {inner, size, size});
  emit_move(b, std::move(m));
  return true;
}
}  // namespace

bool lower_move(Builder& b, const graph::Node& n) {
  using Lower = bool (*)(Builder&, const graph::Node&);
  const Lower lower = n.op == "Transpose" ? lower_transpose
                      : n.op == "Concat"  ? lower_concat_rows
                      : n.op == "Gather"  ? lower_gather_one
                                          : nullptr;
  if (!lower || !n.domain.empty() || element_count(b.shape(n.outputs[0])) == 0) return false;
  if (!lower(b, n)) return false;
  b.layer().kernel = "move";
  b.layer().layout = "rows";
  return true;
}
}  // namespace tulle::plan
