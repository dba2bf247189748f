#include "ops/broadcast.hpp"

#include <algorithm>

namespace tulle::ops {
Shape broadcast_shape(const Call& call, const Shape& a, const Shape& b) {
  Shape out(std::max(a.size(), b.size()));
  for (std::size_t i = 1; i <= out.size(); ++i) {  // i-th dimension from the right
    const Index da = i <= a.size() ? a[a.size() - i] : 1, db = i <= b.size() ? b[b.size() - i] : 1;
    if (da != db && da != 1 && db != 1)
      call.fail("shapes " + to_string(a) + " and " + to_string(b) +
                " do not broadcast: " + std::to_string(da) + " against " + std::to_string(db));
    out[out.size() - i] = da == 1 ? db : da;
  }
  return out;
}

Shape broadcast_shape(const Call& call) {
  Shape out;
  for (const Argument& input : call.inputs) out = broadcast_shape(call, out, input.shape());
  return out;
}

Strides broadcast_strides(const Shape& shape, const Shape& out) {
  const Strides dense = dense_strides(shape);
  Strides strides(out.size(), 0);
  const std::size_t skip = out.size() - shape.size();
  for (std::size_t d = 0; d < shape.size(); ++d)
    if (shape[d] != 1) strides[skip + d] = dense[d];
  return strides;
}
}  // namespace tulle::ops
