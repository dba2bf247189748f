// The specification in code, in f64.
#include <cmath>
#include <limits>

#include "kernels/columnwise.hpp"
#include "kernels/softmax/kernel.hpp"

namespace tulle::softmax {
namespace {
void column(bool logarithm, Index n, const float* x, Index x_step, float* y, Index y_step) {
  double top = -std::numeric_limits<double>::infinity(), total = 0;
  for (Index f = 0; f < n; ++f) top = std::max(top, double(x[f * x_step]));
  for (Index f = 0; f < n; ++f) total += std::exp(x[f * x_step] - top);
  for (Index f = 0; f < n; ++f) {
    const double from_top = x[f * x_step] - top;
    y[f * y_step] = static_cast<float>(logarithm ? from_top - std::log(total) : std::exp(from_top) / total);
  }
}

void run(bool logarithm, const Layout& in, const float* x, const Layout& out, float* y, Part part) noexcept {
  for_columns(in, out, part, [&](Index from, Index to, bool real) {
    if (real) return column(logarithm, in.features, x + from, in.feature_stride, y + to, out.feature_stride);
    for (Index f = 0; f < out.features; ++f) y[to + f * out.feature_stride] = 0;
  });
}
}  // namespace

extern constinit const Kernel reference{"softmax/reference", Features::none, run};
}  // namespace tulle::softmax
