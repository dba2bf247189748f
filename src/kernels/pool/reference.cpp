// The specification in code: one element at a time, sums in f64.
#include "kernels/pool/elementwise.hpp"

namespace tulle::pool {
static void mean(const Layout& in, const float* x, const Layout& out, float* y, Index group, Index first,
                 Index last) noexcept {
  for (Index f = first; f < last; ++f) {
    double sum = 0;
    for (Index row = 0; row < in.height; ++row)
      for (Index column = 0; column < in.width; ++column) sum += x[in.at(group, f, row, column)];
    float* to = y + out.at(group, f, 0, 0);
    for (int lane = 0; lane < tile_lanes(out, 0); ++lane) to[lane * out.lane_stride] = 0;
    *to = static_cast<float>(sum / static_cast<double>(in.height * in.width));
  }
}

extern constinit const Kernel reference{"pool/reference", Features::none, elementwise, mean};
}  // namespace tulle::pool
