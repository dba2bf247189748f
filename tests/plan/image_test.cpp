#include "plan/image.hpp"
#include <gtest/gtest.h>
#include "passes/passes.hpp"
#include "plan/layouts.hpp"
#include "support/net.hpp"

using namespace tulle;
using support::Net;

TEST(Image, FindsPhaseAndShiftOfEveryTap) {
  for (Index stride = 1; stride <= 4; ++stride)
    for (Index pad = 0; pad <= 5; ++pad)
      for (Index dilation = 1; dilation <= 3; ++dilation)
        for (Index k = 0; k < 7; ++k) {
          const Index phase = ConvShape::phase_of(k, dilation, pad, stride), shift = ConvShape::shift_of(k, dilation, pad, stride);
          EXPECT_GE(phase, 0);
          EXPECT_LT(phase, stride);
          EXPECT_EQ(shift * stride + phase, k * dilation - pad);
        }
}

TEST(Image, GivesConnectedResolutionsOnePitch) {
  Net net;
  const auto x = net.input("x", {1, 4, 20, 18});
  const std::vector<Index> pads{1, 1, 1, 1};
  const auto a = net.fused("Conv", {x, net.weight({4, 4, 5, 5})});                          // 16 x 14
  const auto b = net.fused("Conv", {a, net.weight({4, 4, 3, 3})}, {{"pads", pads}});        // 16 x 14, padded
  net.output(net.fused("Conv", {b, net.weight({4, 4, 3, 3})}, {{"pads", pads}, {"strides", std::vector<Index>{2, 2}}}));
  passes::Log log;
  const graph::Graph g = passes::specialize(net.g, {{"x", {1, 4, 20, 18}}}, log);
  const plan::ImageAnalysis images(g);
  EXPECT_EQ(images.padding({20, 18}).pitch, images.padding({16, 14}).pitch);
  EXPECT_GE(images.padding({16, 14}).pitch, 18);
  EXPECT_EQ(images.padding({16, 14}).above, 1);
  EXPECT_TRUE(images.wants_planes(a));
}

TEST(Image, BeginsRowsAtWholeTilesWhereThatIsFree) {
  const auto pitch = [](Index height, Index width) {
    Net net;
    const auto x = net.input("x", {1, 4, height, width});
    net.output(net.fused("Conv", {x, net.weight({4, 4, 3, 3})}, {{"pads", std::vector<Index>{1, 1, 1, 1}}}));
    passes::Log log;
    const graph::Graph g = passes::specialize(net.g, {{"x", {1, 4, height, width}}}, log);
    return plan::ImageAnalysis(g).padding({height, width}).pitch;
  };
  EXPECT_EQ(pitch(14, 14), 16);
  EXPECT_EQ(pitch(7, 7), 8);
  EXPECT_EQ(pitch(28, 28), 29);  // 51 tiles; a pitch of 32 makes 56
}

TEST(Image, PlanesHoldEveryTapInsideTheBuffer) {
  for (Index height : {1, 7, 16})
    for (Index width : {1, 13, 16, 33})
      for (Index gap : {0, 1, 3}) {
        const Padding padding{gap, gap, gap, width + gap};
        const Layout l = image_planes({2, 3, height, width}, padding);
        const Index reach = gap * l.pitch + gap;
        EXPECT_GE(l.at(0, 0, 0, 0) - reach, 0);
        const Index last_lane = l.lead + l.group_stride + 2 * l.feature_stride + (l.tiles() - 1) * l.tile_stride + kLanes - 1;
        EXPECT_LT(last_lane + reach, floats(l));
        EXPECT_GE(l.feature_stride, l.tiles() * kLanes + reach);
        EXPECT_EQ(l.lead % kLanes, 0);
      }
}
