// The specification in code. Clear, never fast.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/row_softmax/kernel.hpp"

namespace tulle::row_softmax {
static void run(std::span<const Index> offsets, float scale, const float* x, float* y, Index first,
                Index last) noexcept {
  for (Index i = first; i < last; ++i) {
    const Index begin = offsets[static_cast<std::size_t>(i)], end = offsets[static_cast<std::size_t>(i) + 1];
    float top = std::numeric_limits<float>::lowest(), sum = 0;
    for (Index p = begin; p < end; ++p) top = std::max(top, scale * x[p]);
    for (Index p = begin; p < end; ++p) sum += y[p] = std::exp(scale * x[p] - top);
    for (Index p = begin; p < end; ++p) y[p] = sum == 0 ? 0 : y[p] / sum;
  }
}
extern constinit const Kernel reference{"row_softmax/reference", Features::none, run};
}  // namespace tulle::row_softmax
