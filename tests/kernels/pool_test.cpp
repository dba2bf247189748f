#include <gtest/gtest.h>

#include <cmath>

#include "kernels/pool/kernel.hpp"
#include "support/guarded.hpp"
#include "support/kernel_list.hpp"

using namespace tulle;
using namespace tulle::pool;
using test::Guarded;

namespace {
class Pool : public test::EveryKernel<Kernel> {};
INSTANTIATE_TEST_SUITE_P(Kernels, Pool, testing::ValuesIn(kernels().begin(), kernels().end()));

Layout nhwc(Index groups, Index features, Index height, Index width) {
  Layout l = test::row_major(groups, height * width, features, features);
  l.height = height, l.width = l.pitch = width;
  return l;
}
std::vector<Layout> layouts(Index groups, Index features, Index height, Index width) {
  return {test::nchw(groups, features, height, width), nhwc(groups, features, height, width),
          test::panels(groups, features, height, width, width + 1),
          test::planes(groups, features, height, width, 1)};
}

double want(const Problem& p, const Layout& in, Guarded& x, Index g, Index f, Index row, Index column) {
  double best = -INFINITY, sum = 0, inside = 0, counted = 0;
  for (Index i = 0; i < p.kernel_y; ++i)
    for (Index j = 0; j < p.kernel_x; ++j) {
      const Index r = row * p.step_y + i * p.dilation_y - p.pad_top,
                  c = column * p.step_x + j * p.dilation_x - p.pad_left;
      counted += r < in.height + p.pad_bottom && c < in.width + p.pad_right;
      if (r < 0 || c < 0 || r >= in.height || c >= in.width) continue;
      best = std::fmax(best, x[in.at(g, f, r, c)]);
      sum += x[in.at(g, f, r, c)];
      inside += 1;
    }
  return p.kind == Kind::max ? best : sum / (p.count_padding ? counted : inside);
}

Index outputs(Index size, Index kernel, Index step, Index dilation, Index pads) {
  return (size + pads - dilation * (kernel - 1) - 1) / step + 1;
}

void expect(const Problem& p, const Layout& in, Guarded& x, const Layout& out, Guarded& y) {
  for (Index g = 0; g < out.groups; ++g)
    for (Index f = 0; f < out.features; ++f)
      for (Index q = 0; q < own_lanes(out); ++q) {
        const Index row = q / out.pitch, column = q % out.pitch;
        const bool real = row < out.height && column < out.width;
        const Index at = out.at(g, f, 0, 0) + q / kLanes * out.tile_stride + q % kLanes * out.lane_stride;
        ASSERT_NEAR(y[at], real ? want(p, in, x, g, f, row, column) : 0, 2e-6) << g << " " << f << " " << q;
      }
}

//                                kernel  step  dilation  pads: top left bottom right
constexpr Problem kProblems[] = {
    {Kind::max, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1},           {Kind::max, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0},
    {Kind::max, 5, 5, 1, 1, 1, 1, 2, 2, 2, 2},           {Kind::max, 3, 2, 1, 3, 2, 1, 0, 1, 1, 0},
    {Kind::max, 2, 3, 2, 2, 1, 2, 1, 2, 0, 1},           {Kind::average, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, false},
    {Kind::average, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, true}, {Kind::average, 3, 3, 1, 1, 1, 1, 1, 1, 0, 0, true},
    {Kind::average, 7, 7, 1, 2, 1, 1, 3, 3, 3, 3, false}};
}  // namespace

TEST_P(Pool, MatchesTheDefinitionBetweenAllLayouts) {
  for (const Problem& p : kProblems)
    for (const auto& [height, width] : {std::pair<Index, Index>{11, 37}, {9, 8}})
      for (const Layout& in : layouts(2, 5, height, width))
        for (const Layout& out :
             layouts(2, 5, outputs(height, p.kernel_y, p.step_y, p.dilation_y, p.pad_top + p.pad_bottom),
                     outputs(width, p.kernel_x, p.step_x, p.dilation_x, p.pad_left + p.pad_right))) {
          Guarded x(test::floats_of(in)), y(test::floats_of(out));
          x.randomize(1, -3, -1);
          kernel.run(p, in, x.data(), out, y.data(), whole(out));
          expect(p, in, x, out, y);
          if (HasFatalFailure()) FAIL() << "problem " << &p - kProblems << " on " << height << "x" << width;
        }
}

TEST_P(Pool, RoundsUpWhenTheOutputIsLarger) {
  const Problem p{Kind::average, 3, 3, 2, 2, 1, 1, 0, 0, 0, 0, true};
  const Layout in = test::planes(1, 3, 10, 34, 1), out = test::panels(1, 3, 5, 17, 17);
  Guarded x(test::floats_of(in)), y(test::floats_of(out));
  x.randomize(1);
  kernel.run(p, in, x.data(), out, y.data(), whole(out));
  expect(p, in, x, out, y);
}

TEST_P(Pool, AveragesWholeFeatures) {
  for (const Layout& in : layouts(2, 37, 7, 9))
    for (const Layout& out :
         {test::row_major(2, 1, 37, 37), test::panels(2, 37, 1, 1, 1), test::nchw(2, 37, 1, 1)}) {
      Guarded x(test::floats_of(in)), y(test::floats_of(out));
      x.randomize(1);
      for (Index g = 0; g < 2; ++g) {
        kernel.mean(in, x.data(), out, y.data(), g, 0, 19);
        kernel.mean(in, x.data(), out, y.data(), g, 19, 37);
      }
      for (Index g = 0; g < 2; ++g)
        for (Index f = 0; f < 37; ++f) {
          double sum = 0;
          for (Index row = 0; row < 7; ++row)
            for (Index column = 0; column < 9; ++column) sum += x[in.at(g, f, row, column)];
          ASSERT_NEAR(y[out.at(g, f, 0, 0)], sum / 63, 1e-6) << g << " " << f;
          for (Index lane = 1; lane < own_lanes(out); ++lane)
            ASSERT_EQ(y[out.at(g, f, 0, 0) + lane * out.lane_stride], 0) << f;
        }
    }
}
