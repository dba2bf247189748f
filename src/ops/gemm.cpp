// Gemm: Y = alpha A' B' + beta C with C broadcast to (m, n), and A', B' transposed on request (ONNX Gemm-7 to
// 13).
#include "ops/broadcast.hpp"
#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
struct GemmShape {
  Index m, k, n;
  bool a_transposed, b_transposed;
};
GemmShape gemm_shape(const Call& call) {
  GemmShape s{};
  s.a_transposed = call.node.int_attribute("transA", 0) != 0;
  s.b_transposed = call.node.int_attribute("transB", 0) != 0;
  require_rank(call, 0, 2, 2);
  require_rank(call, 1, 2, 2);
  const Shape &a = call.input(0).shape(), &b = call.input(1).shape();
  s.m = a[s.a_transposed], s.k = a[!s.a_transposed], s.n = b[!s.b_transposed];
  if (b[s.b_transposed] != s.k)
    call.fail("A is " + to_string(a) + ", B is " + to_string(b) +
              ", transA = " + std::to_string(s.a_transposed) +
              ", transB = " + std::to_string(s.b_transposed) + ": inner dimensions differ");
  return s;
}

Types infer_gemm(const Call& call) {
  require_floats(call);
  require_present(call, 1);
  const GemmShape s = gemm_shape(call);
  const Shape out{s.m, s.n};
  if (call.has(2)) {
    if (call.input(2).rank() > 2 || broadcast_shape(call, call.input(2).shape(), out) != out)
      call.fail("C " + to_string(call.input(2).shape()) + " does not broadcast to " + to_string(out));
  }
  return {{require_size(call, {call.input(0).dtype(), out})}};
}

template <class T>
void gemm(const Call& call, const Result& out) {
  const GemmShape s = gemm_shape(call);
  const T* a = call.input(0).as<T>().data();
  const T* b = call.input(1).as<T>().data();
  std::vector<T> a_copy, b_copy;
  if (s.a_transposed) a_copy = transposed(a, s.k, s.m), a = a_copy.data();
  if (s.b_transposed) b_copy = transposed(b, s.n, s.k), b = b_copy.data();
  const auto alpha = static_cast<Sum<T>>(call.node.float_attribute("alpha", 1));
  const auto beta = static_cast<Sum<T>>(call.node.float_attribute("beta", 1));
  const Strides c_strides =
      call.has(2) ? broadcast_strides(call.input(2).shape(), {s.m, s.n}) : Strides{0, 0};
  const T* c = call.has(2) ? call.input(2).as<T>().data() : nullptr;
  T* y = out.as<T>().data();
  multiply(a, b, s.m, s.k, s.n, [&](Index i, const Sum<T>* sums) {
    for (Index j = 0; j < s.n; ++j) {
      const Sum<T> added = c ? beta * static_cast<Sum<T>>(c[i * c_strides[0] + j * c_strides[1]]) : Sum<T>{};
      y[i * s.n + j] = static_cast<T>(alpha * sums[j] + added);
    }
  });
}
void eval_gemm(const Call& call, std::span<const Result> out) {
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) { gemm<T>(call, out[0]); });
}
}  // namespace
extern const Operator kGemm{"Gemm", "", 7, 2, 3, infer_gemm, widened<eval_gemm>};
}  // namespace tulle::ops
