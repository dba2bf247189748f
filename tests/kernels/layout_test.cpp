#include <gtest/gtest.h>

#include "kernels/layout/kernel.hpp"
#include "support/guarded.hpp"
#include "support/kernel_list.hpp"

using namespace tulle;
using namespace tulle::layout;
using test::Guarded;

namespace {
class LayoutMoves : public test::EveryKernel<Kernel> {};
INSTANTIATE_TEST_SUITE_P(Kernels, LayoutMoves, testing::ValuesIn(kernels().begin(), kernels().end()));

/// A layout in which neither columns nor features lie side by side.
Layout scattered(Index groups, Index features, Index height, Index width) {
  Layout l{groups, features, height, width, width, 5, 0, 2, 0, 2 * features + 1, false};
  l.tile_stride = kLanes * l.lane_stride;
  l.group_stride = l.tiles() * l.tile_stride;
  return l;
}
Layout nhwc(Index groups, Index features, Index height, Index width) {
  Layout l = test::row_major(groups, height * width, features, features);
  l.height = height, l.width = l.pitch = width;
  return l;
}
std::vector<Layout> layouts(Index groups, Index features, Index height, Index width) {
  Layout strided_panels = test::panels(groups, features, height, width, width + 2);
  strided_panels.tile_stride += 24;
  strided_panels.group_stride = strided_panels.tiles() * strided_panels.tile_stride;
  return {test::nchw(groups, features, height, width),
          nhwc(groups, features, height, width),
          test::panels(groups, features, height, width, width),
          strided_panels,
          test::planes(groups, features, height, width, 1),
          test::planes(groups, features, height, width, 3),
          scattered(groups, features, height, width)};
}

/// Real columns get their numbers; the gaps of rows and of the last tile are zeros, and what is left stays
/// NaN.
void expect(const Layout& from, Guarded& src, const Layout& to, Guarded& dst, Steps step, Steps phases) {
  for (Index g = 0; g < to.groups; ++g)
    for (Index f = 0; f < to.features; ++f)
      for (Index q = 0; q < own_lanes(to); ++q) {
        const Index y = q / to.pitch, x = q % to.pitch;
        const Index sy = y * step.y + f / phases.x % phases.y, sx = x * step.x + f % phases.x;
        const bool real = y < to.height && x < to.width && sy < from.height && sx < from.width;
        const Index at = to.lead + g * to.group_stride + f * to.feature_stride + q / kLanes * to.tile_stride +
                         q % kLanes * to.lane_stride;
        const float want = real ? src[from.at(g, f / (phases.y * phases.x), sy, sx)] : 0.0f;
        ASSERT_EQ(dst[at], want) << "group " << g << " feature " << f << " y " << y << " x " << x;
      }
}
}  // namespace

TEST_P(LayoutMoves, ConvertsEveryPairAndZeroesGaps) {
  struct {
    Index features, height, width;
  } const cases[] = {{19, 1, 37}, {32, 1, 16}, {3, 5, 7}, {3, 3, 37}, {17, 3, 33}, {1, 4, 1}, {5, 20, 2}, {40, 1, 1}};
  for (const auto& c : cases)
    for (const Layout& from : layouts(2, c.features, c.height, c.width))
      for (const Layout& to : layouts(2, c.features, c.height, c.width)) {
        Guarded src(test::floats_of(from)), dst(test::floats_of(to)), head(test::floats_of(to), true);
        src.randomize(1);
        kernel.convert(from, src.data(), to, dst.data(), whole(to));
        expect(from, src, to, dst, {}, {});
        if (HasFatalFailure())
          FAIL() << c.features << "x" << c.height << "x" << c.width << " tile strides " << from.tile_stride
                 << " to " << to.tile_stride;
        kernel.convert(from, src.data(), to, head.data(), whole(to));
      }
}

TEST_P(LayoutMoves, PartsTogetherAreTheWholeAndTouchNothingElse) {
  const Layout from = test::row_major(3, 37, 21, 21), to = test::panels(3, 21, 1, 37, 37);
  Guarded src(test::floats_of(from)), dst(test::floats_of(to));
  src.randomize(1);
  kernel.convert(from, src.data(), to, dst.data(), {1, 2, 1, 2});
  for (Index i = 0; i < dst.size(); ++i) {
    const bool written = i / to.group_stride == 1 && i % to.group_stride / to.tile_stride == 1;
    ASSERT_EQ(std::isnan(dst[i]), !written) << i;
  }
  for (Index g = 0; g < 3; ++g) kernel.convert(from, src.data(), to, dst.data(), {g, g + 1, 0, 1});
  for (Index t = 1; t < 3; ++t) kernel.convert(from, src.data(), to, dst.data(), {0, 3, t, t + 1});
  expect(from, src, to, dst, {}, {});
}

TEST_P(LayoutMoves, DeinterleavesPhasesOfAnyStride) {
  for (const Steps step : {Steps{2, 2}, Steps{1, 2}, Steps{2, 1}, Steps{3, 3}, Steps{4, 4}, Steps{2, 19}})
    for (const auto& [height, width] : {std::pair<Index, Index>{9, 37}, {8, 16}, {1, 5}, {33, 3}})
      for (const Layout& from : layouts(2, 3, height, width))
        for (const Layout& to :
             layouts(2, 3 * step.y * step.x, (height + step.y - 1) / step.y, (width + step.x - 1) / step.x)) {
          Guarded src(test::floats_of(from)), dst(test::floats_of(to));
          src.randomize(1);
          kernel.deinterleave(from, src.data(), to, dst.data(), step, whole(to));
          expect(from, src, to, dst, step, step);
          if (HasFatalFailure()) FAIL() << height << "x" << width << " by " << step.y << "," << step.x;
        }
}

TEST_P(LayoutMoves, SubsamplesTheFirstPhase) {
  for (const Steps step : {Steps{2, 2}, Steps{1, 2}, Steps{4, 4}})
    for (const Layout& from : layouts(2, 7, 9, 37))
      for (const Layout& to : layouts(2, 7, (9 + step.y - 1) / step.y, (37 + step.x - 1) / step.x)) {
        Guarded src(test::floats_of(from)), dst(test::floats_of(to));
        src.randomize(1);
        kernel.subsample(from, src.data(), to, dst.data(), step, whole(to));
        expect(from, src, to, dst, step, {1, 1});
        if (HasFatalFailure()) FAIL() << step.y << "," << step.x;
      }
}
