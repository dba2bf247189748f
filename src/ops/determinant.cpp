// Det (11, 22): by elimination with the largest pivot of a column.
#include <cmath>

#include "ops/list.hpp"
#include "ops/product.hpp"
#include "ops/widen.hpp"

namespace tulle::ops {
namespace {
Types infer_det(const Call& call) {
  require_type<Floats>(call, 0);
  require_rank(call, 0, 2, 64);
  Shape shape = call.input(0).shape();
  if (shape.back() != shape[shape.size() - 2]) call.fail(describe(call, 0) + " holds no square matrices");
  shape.resize(shape.size() - 2);
  return {{require_size(call, {call.input(0).dtype(), shape})}};
}
double determinant(std::vector<double> a, Index n) {
  double product = 1;
  for (Index p = 0; p < n; ++p) {
    Index pivot = p;
    for (Index i = p + 1; i < n; ++i)
      if (std::abs(a[at(i * n + p)]) > std::abs(a[at(pivot * n + p)])) pivot = i;
    if (a[at(pivot * n + p)] == 0) return 0;
    if (pivot != p) {
      std::swap_ranges(a.begin() + p * n, a.begin() + (p + 1) * n, a.begin() + pivot * n);
      product = -product;
    }
    product *= a[at(p * n + p)];
    for (Index i = p + 1; i < n; ++i)
      axpy(-a[at(i * n + p)] / a[at(p * n + p)], a.data() + p * n + p, a.data() + i * n + p, n - p);
  }
  return product;
}
void eval_det(const Call& call, std::span<const Result> out) {
  const Index n = call.input(0).shape().back();
  WideFloats::visit(call.input(0).dtype(), [&]<class T>(T) {
    const T* x = call.input(0).as<T>().data();
    for (T& y : out[0].as<T>()) {
      y = static_cast<T>(determinant({x, x + n * n}, n));
      x += n * n;
    }
  });
}
}  // namespace
extern const Operator kDet{"Det", "", 11, 1, 1, infer_det, widened<eval_det>};
}  // namespace tulle::ops
