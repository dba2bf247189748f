// RotaryEmbedding-23: pairs of elements of each head turn by the angle of their position.
#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
struct Rotary {
  Index batch, heads, length, size, half;  ///< half: pairs that turn; the rest of a head stays
  bool heads_last, interleaved;
};
Rotary rotary_of(const Call& call) {
  require_rank(call, 0, 3, 4);
  const Shape& x = call.input(0).shape();
  Rotary r{x[0], 0, 0, 0, 0, x.size() == 3, call.node.int_attribute("interleaved", 0) != 0};
  const Index heads = bounded_attribute(call, "num_heads", 0, r.heads_last ? 1 : 0, Index{1} << 31);
  r.heads = r.heads_last ? heads : x[1];
  r.length = x[r.heads_last ? 1 : 2];
  r.size = r.heads_last ? x[2] / heads : x[3];
  if (r.heads_last && r.size * heads != x[2])
    call.fail(describe(call, 0) + " does not split into " + std::to_string(heads) + " heads");
  const Index turning = bounded_attribute(call, "rotary_embedding_dim", 0, 0, r.size);
  r.half = (turning ? turning : r.size) / 2;
  return r;
}
Types infer_rotary(const Call& call) {
  require_floats(call, 0, 2);
  const Rotary r = rotary_of(call);
  for (std::size_t i : {1u, 2u}) {
    require_present(call, i);
    if (call.has(3)) {
      require_rank(call, i, 2, 2);
      require_shape(call, i, {call.input(1).shape()[0], r.half});
    } else {
      require_shape(call, i, {r.batch, r.length, r.half});
    }
  }
  if (call.has(3)) require_dtype(call, 3, DType::i64);
  require_shape(call, 3, {r.batch, r.length});
  return {{call.input(0).type}};
}

/// Row of the caches for a position of the sequence.
Index cache_row(const Call& call, Index position) {
  if (!call.has(3)) return position;
  const Index row = call.input(3).as<Index>()[at(position)];
  if (row < 0 || row >= call.input(1).shape()[0])
    call.fail("position id " + std::to_string(row) + " is outside the cache of " +
              std::to_string(call.input(1).shape()[0]));
  return row;
}

void eval_rotary(const Call& call, std::span<const Result> out) {
  const Rotary r = rotary_of(call);
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) {
    const T *x = call.input(0).as<T>().data(), *cosine = call.input(1).as<T>().data(),
            *sine = call.input(2).as<T>().data();
    T* y = out[0].as<T>().data();
    for (Index head = 0; head < r.batch * r.heads * r.length; ++head, x += r.size, y += r.size) {
      const Index b = head / (r.heads * r.length),
                  i = r.heads_last ? head / r.heads % r.length : head % r.length;
      const Index row = cache_row(call, b * r.length + i) * r.half;
      std::copy_n(x, r.size, y);
      for (Index p = 0; p < r.half; ++p) {
        const Index first = r.interleaved ? 2 * p : p, second = r.interleaved ? 2 * p + 1 : p + r.half;
        const double c = cosine[row + p], s = sine[row + p], a = x[first], b2 = x[second];
        y[first] = static_cast<T>(c * a - s * b2);
        y[second] = static_cast<T>(s * a + c * b2);
      }
    }
  });
}
}  // namespace
extern const Operator kRotaryEmbedding{"RotaryEmbedding", "", 23, 3, 4, infer_rotary, widened<eval_rotary>};
}  // namespace tulle::ops
