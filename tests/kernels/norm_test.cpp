#include <gtest/gtest.h>

#include <cmath>

#include "kernels/norm/kernel.hpp"
#include "support/guarded.hpp"
#include "support/kernel_list.hpp"

using namespace tulle;
using namespace tulle::norm;
using test::Guarded;

namespace {
class Norm : public test::EveryKernel<Kernel> {};
INSTANTIATE_TEST_SUITE_P(Kernels, Norm, testing::ValuesIn(kernels().begin(), kernels().end()));

struct Want {
  double value,
      bound;  // the rounding of x - mean, 2^-23 of the largest x, is scaled like the difference itself
};
Want want(const Problem& p, const Layout& in, Guarded& x, Index g, Index f, Index y, Index w) {
  double mean = 0, square = 0;
  for (Index i = 0; i < in.features; ++i) mean += x[in.at(g, i, y, w)];
  mean = p.center ? mean / double(in.features) : 0;
  for (Index i = 0; i < in.features; ++i) square += std::pow(x[in.at(g, i, y, w)] - mean, 2);
  const double scale =
      (p.gamma ? p.gamma[f] : 1) / std::sqrt(square / double(in.features) + double(p.epsilon));
  const double value = (x[in.at(g, f, y, w)] - mean) * scale + (p.beta ? p.beta[f] : 0);
  return {value, 2e-6 * std::fmax(1, std::fabs(value)) + 5 * 0x1p-23 * scale};
}

void expect(const Problem& p, const Layout& in, Guarded& x, const Layout& out, Guarded& y) {
  for (Index g = 0; g < out.groups; ++g)
    for (Index f = 0; f < out.features; ++f)
      for (Index q = 0; q < own_lanes(out); ++q) {
        const Index row = q / out.pitch, column = q % out.pitch;
        const bool real = row < out.height && column < out.width;
        const Want w = real ? want(p, in, x, g, f, row, column) : Want{0, 0};
        const Index at = out.at(g, f, 0, 0) + q / kLanes * out.tile_stride + q % kLanes * out.lane_stride;
        ASSERT_NEAR(y[at], w.value, w.bound) << g << " " << f << " " << q;
      }
}
}  // namespace

TEST_P(Norm, NormalizesEveryColumnOverItsFeatures) {
  for (const Index n : {1, 3, 16, 37, 384}) {
    Guarded gamma(n), beta(n);
    gamma.randomize(1, 0.5f, 2), beta.randomize(2);
    const std::pair<Layout, Layout> pairs[] = {{test::panels(2, n, 1, 37, 37), test::panels(2, n, 1, 37, 37)},
                                               {test::row_major(2, 5, n, n + 3), test::row_major(2, 5, n, n)},
                                               {test::nchw(2, n, 3, 5), test::panels(2, n, 3, 5, 5)},
                                               {test::planes(1, n, 3, 5, 1), test::planes(1, n, 3, 5, 1)}};
    for (const auto& [in, out] : pairs)
      for (const Problem& p :
           {Problem{gamma.data(), beta.data(), 1e-5f, true}, Problem{nullptr, nullptr, 1e-12f, true},
            Problem{gamma.data(), nullptr, 1e-6f, false}}) {
        Guarded x(test::floats_of(in)), y(test::floats_of(out));
        x.randomize(3, n == 1 ? -1.0f : 2.0f, 5);
        kernel.run(p, in, x.data(), out, y.data(), whole(out));
        expect(p, in, x, out, y);
        if (HasFatalFailure()) FAIL() << n << " features, lane stride " << in.lane_stride;
      }
  }
}

TEST_P(Norm, WorksInPlaceAndByParts) {
  const Layout layout = test::panels(2, 19, 1, 37, 37);
  Guarded x(test::floats_of(layout)), y(test::floats_of(layout));
  x.randomize(1);
  std::copy_n(x.data(), x.size(), y.data());
  for (Index t = 0; t < layout.tiles(); ++t)
    kernel.run({}, layout, y.data(), layout, y.data(), {0, 2, t, t + 1});
  expect({}, layout, x, layout, y);
}
