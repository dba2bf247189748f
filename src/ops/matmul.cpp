// MatMul: numpy's matmul (ONNX MatMul-1, 9, 13). Leading dimensions broadcast; a 1-D operand is a row or a
// column.
#include "ops/broadcast.hpp"
#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
MatmulShape matmul_shape(const Call& call, Shape a, Shape b) {
  if (a.empty() || b.empty()) call.fail("a scalar has no matrix product; want operands of rank 1 or more");
  MatmulShape s;
  const bool row = a.size() == 1, column = b.size() == 1;
  const std::string shapes = "A is " + to_string(a) + ", B is " + to_string(b);
  if (row) a.insert(a.begin(), 1);
  if (column) b.push_back(1);
  s.m = a[a.size() - 2], s.k = a.back(), s.n = b.back();
  if (s.k != b[b.size() - 2])
    call.fail(shapes + ": inner dimensions " + std::to_string(s.k) + " and " +
              std::to_string(b[b.size() - 2]) + " differ");
  const Shape a_lead(a.begin(), a.end() - 2), b_lead(b.begin(), b.end() - 2);
  s.out = broadcast_shape(call, a_lead, b_lead);
  require_size(call, {DType::i64, s.out});
  s.a_batch = broadcast_index(a_lead, s.out);
  s.b_batch = broadcast_index(b_lead, s.out);
  if (!row) s.out.push_back(s.m);
  if (!column) s.out.push_back(s.n);
  return s;
}

namespace {
using Factors = TypeList<float, double, std::int32_t, std::int64_t, std::uint32_t, std::uint64_t>;

Types infer_matmul(const Call& call) {
  require_one_of(
      call, 0,
      {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i32, DType::i64, DType::u32, DType::u64});
  require_dtype(call, 1, call.input(0).dtype());
  return {{require_size(
      call, {call.input(0).dtype(), matmul_shape(call, call.input(0).shape(), call.input(1).shape()).out})}};
}

template <class T>
void matmul(const Call& call, const Result& out) {
  const MatmulShape s = matmul_shape(call, call.input(0).shape(), call.input(1).shape());
  const T* a = call.input(0).as<T>().data();
  const T* b = call.input(1).as<T>().data();
  T* c = out.as<T>().data();
  for (std::size_t batch = 0; batch < s.a_batch.size(); ++batch, c += s.m * s.n)
    multiply(a + s.a_batch[batch] * s.m * s.k, b + s.b_batch[batch] * s.k * s.n, s.m, s.k, s.n,
             [&](Index i, const Sum<T>* sums) {
               for (Index j = 0; j < s.n; ++j) c[i * s.n + j] = static_cast<T>(sums[j]);
             });
}
void eval_matmul(const Call& call, std::span<const Result> out) {
  Factors::visit(call.input(0).dtype(), [&]<class T>(T) { matmul<T>(call, out[0]); });
}
}  // namespace
extern const Operator kMatMul{"MatMul", "", 1, 2, 2, infer_matmul, widened<eval_matmul>};
}  // namespace tulle::ops
