// The specification in code, in f64.
#include <cmath>

#include "kernels/columnwise.hpp"
#include "kernels/norm/kernel.hpp"

namespace tulle::norm {
namespace {
void column(const Problem& p, Index n, const float* x, Index x_step, float* y, Index y_step) {
  double mean = 0, square = 0;
  for (Index f = 0; f < n; ++f) mean += x[f * x_step];
  mean = p.center ? mean / static_cast<double>(n) : 0;
  for (Index f = 0; f < n; ++f) square += (x[f * x_step] - mean) * (x[f * x_step] - mean);
  const double inverse = 1 / std::sqrt(square / static_cast<double>(n) + p.epsilon);
  for (Index f = 0; f < n; ++f) {
    const double value = (x[f * x_step] - mean) * inverse * (p.gamma ? p.gamma[f] : 1.0f);
    y[f * y_step] = static_cast<float>(value + (p.beta ? p.beta[f] : 0.0f));
  }
}

void run(const Problem& p, const Layout& in, const float* x, const Layout& out, float* y,
         Part part) noexcept {
  for_columns(in, out, part, [&](Index from, Index to, bool real) {
    if (real) return column(p, in.features, x + from, in.feature_stride, y + to, out.feature_stride);
    for (Index f = 0; f < out.features; ++f) y[to + f * out.feature_stride] = 0;
  });
}
}  // namespace

extern constinit const Kernel reference{"norm/reference", Features::none, run};
}  // namespace tulle::norm
