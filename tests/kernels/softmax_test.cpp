#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/softmax/kernel.hpp"
#include "support/guarded.hpp"
#include "support/kernel_list.hpp"

using namespace tulle;
using namespace tulle::softmax;
using test::Guarded;

namespace {
class Softmax : public test::EveryKernel<Kernel> {};
INSTANTIATE_TEST_SUITE_P(Kernels, Softmax, testing::ValuesIn(kernels().begin(), kernels().end()));

void expect(bool logarithm, const Layout& in, Guarded& x, const Layout& out, Guarded& y) {
  for (Index g = 0; g < out.groups; ++g)
    for (Index q = 0; q < own_lanes(out); ++q) {
      const Index row = q / out.pitch, column = q % out.pitch;
      const bool real = row < out.height && column < out.width;
      double total = 0;
      for (Index f = 0; f < in.features && real; ++f) total += std::exp(double(x[in.at(g, f, row, column)]));
      for (Index f = 0; f < in.features; ++f) {
        const double value = real ? double(x[in.at(g, f, row, column)]) - std::log(total) : 0;
        const double want = !real ? 0 : logarithm ? value : std::exp(value);
        const Index at = out.at(g, f, 0, 0) + q / kLanes * out.tile_stride + q % kLanes * out.lane_stride;
        ASSERT_NEAR(y[at], want, 1e-6 * std::fmax(1, std::fabs(want))) << g << " " << f << " " << q;
      }
    }
}
}  // namespace

TEST_P(Softmax, SharesOneAmongTheFeaturesOfEveryColumn) {
  for (const Index n : {1, 2, 16, 37, 1000}) {
    const std::pair<Layout, Layout> pairs[] = {{test::panels(2, n, 1, 37, 37), test::panels(2, n, 1, 37, 37)},
                                               {test::row_major(1, 5, n, n + 3), test::row_major(1, 5, n, n)},
                                               {test::nchw(2, n, 3, 5), test::planes(2, n, 3, 5, 0)}};
    for (const auto& [in, out] : pairs)
      for (const bool logarithm : {false, true}) {
        Guarded x(test::floats_of(in)), y(test::floats_of(out));
        x.randomize(3, -20, 20);
        kernel.run(logarithm, in, x.data(), out, y.data(), whole(out));
        expect(logarithm, in, x, out, y);
        if (HasFatalFailure()) FAIL() << n << " features, lane stride " << in.lane_stride;
      }
  }
}

TEST_P(Softmax, GivesTheSameBitsForRowsAndPanelsAsTheBestKernel) {
  if (kernel.needs == Features::none) GTEST_SKIP() << "the specification computes in f64";
  for (const Index n : {1, 15, 37, 1000}) {
    const Layout rows = test::row_major(1, 5, n, n), panels = test::panels(1, n, 1, 5, 5);
    Guarded x(test::floats_of(rows)), in(test::floats_of(panels)), y(test::floats_of(rows)), out(in.size());
    x.randomize(3, -20, 20);
    std::fill_n(in.data(), in.size(), 0.0f);
    for (Index q = 0; q < 5; ++q)
      for (Index f = 0; f < n; ++f) in[panels.at(0, f, 0, q)] = x[rows.at(0, f, 0, q)];
    for (const bool logarithm : {false, true}) {
      best(cpu_features()).run(logarithm, rows, x.data(), rows, y.data(), whole(rows));
      kernel.run(logarithm, panels, in.data(), panels, out.data(), whole(panels));
      for (Index q = 0; q < 5; ++q)
        for (Index f = 0; f < n; ++f)
          ASSERT_EQ(y[rows.at(0, f, 0, q)], out[panels.at(0, f, 0, q)]) << n << " features, " << f;
    }
  }
}

TEST_P(Softmax, GivesMinusInfinityNoShareAndWorksInPlace) {
  for (const Layout& layout : {test::row_major(1, 1, 5, 5), test::panels(1, 5, 1, 1, 1)}) {
    Guarded x(test::floats_of(layout));
    std::fill_n(x.data(), x.size(), 0.0f);
    const float in[] = {-std::numeric_limits<float>::infinity(), 300, 300, -1e30f, 299};
    for (Index f = 0; f < 5; ++f) x[layout.at(0, f, 0, 0)] = in[f];
    kernel.run(false, layout, x.data(), layout, x.data(), whole(layout));
    const double total = 2 + std::exp(-1.0), want[] = {0, 1 / total, 1 / total, 0, std::exp(-1.0) / total};
    for (Index f = 0; f < 5; ++f) EXPECT_NEAR(x[layout.at(0, f, 0, 0)], want[f], 1e-7) << f;
  }
}
