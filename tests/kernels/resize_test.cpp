#include <gtest/gtest.h>

#include "kernels/resize/kernel.hpp"
#include "support/guarded.hpp"
#include "support/kernel_list.hpp"

using namespace tulle;
using namespace tulle::resize;
using test::Guarded;

namespace {
class Resize : public test::EveryKernel<Kernel> {};
INSTANTIATE_TEST_SUITE_P(Kernels, Resize, testing::ValuesIn(kernels().begin(), kernels().end()));

/// ONNX's half_pixel coordinates.
struct Coordinates {
  std::vector<std::int32_t> low, high;
  std::vector<float> weight;
  Coordinates(Index from, Index to) {
    for (Index i = 0; i < to; ++i) {
      const float at =
          (static_cast<float>(i) + 0.5f) * static_cast<float>(from) / static_cast<float>(to) - 0.5f;
      const float clamped = std::clamp(at, 0.0f, static_cast<float>(from - 1));
      low.push_back(static_cast<std::int32_t>(clamped));
      high.push_back(std::min(low.back() + 1, static_cast<std::int32_t>(from - 1)));
      weight.push_back(clamped - static_cast<float>(low.back()));
    }
  }
  Axis axis(bool linear) const {
    return linear ? Axis{low.data(), high.data(), weight.data()} : Axis{low.data()};
  }
};

Layout nhwc(Index groups, Index features, Index height, Index width) {
  Layout l = test::row_major(groups, height * width, features, features);
  l.height = height, l.width = l.pitch = width;
  return l;
}
std::vector<Layout> layouts(Index features, Index height, Index width) {
  return {test::nchw(2, features, height, width), nhwc(2, features, height, width),
          test::panels(2, features, height, width, width + 1), test::planes(2, features, height, width, 1)};
}
}  // namespace

TEST_P(Resize, InterpolatesBetweenFourPixelsOrTakesOne) {
  struct {
    Index height, width, to_height, to_width;
  } const cases[] = {{5, 9, 10, 18}, {7, 21, 4, 11}, {1, 1, 3, 37}, {6, 16, 6, 33}};
  for (const auto& c : cases)
    for (const bool linear : {false, true})
      for (const Layout& from : layouts(5, c.height, c.width))
        for (const Layout& to : layouts(5, c.to_height, c.to_width)) {
          const Coordinates rows(c.height, c.to_height), columns(c.width, c.to_width);
          Guarded src(test::floats_of(from)), dst(test::floats_of(to));
          src.randomize(1);
          kernel.run(rows.axis(linear), columns.axis(linear), from, src.data(), to, dst.data(), whole(to));
          for (Index g = 0; g < 2; ++g)
            for (Index f = 0; f < 5; ++f)
              for (Index q = 0; q < own_lanes(to); ++q) {
                const auto y = static_cast<std::size_t>(q / to.pitch),
                           x = static_cast<std::size_t>(q % to.pitch);
                double want = 0;
                for (int corner = 0; corner < 4 && q / to.pitch < to.height && q % to.pitch < to.width;
                     ++corner) {
                  const bool down = corner & 2, over = corner & 1;
                  const double wy = linear ? (down ? rows.weight[y] : 1 - double(rows.weight[y])) : !down;
                  const double wx =
                      linear ? (over ? columns.weight[x] : 1 - double(columns.weight[x])) : !over;
                  want += wy * wx *
                          src[from.at(g, f, (down ? rows.high : rows.low)[y],
                                      (over ? columns.high : columns.low)[x])];
                }
                const Index at =
                    to.at(g, f, 0, 0) + q / kLanes * to.tile_stride + q % kLanes * to.lane_stride;
                ASSERT_NEAR(dst[at], want, linear ? 4e-7 : 0)
                    << g << " " << f << " " << q << (linear ? " linear" : "");
              }
        }
}
