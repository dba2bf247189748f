#include <gtest/gtest.h>

#include "kernels/linear/kernel.hpp"
#include "kernels/linear/lane_passes.hpp"

using namespace tulle;

TEST(LinearChannels, TakeEachRealLaneOnce) {
  for (const int most : {1, 6, 14})
    for (std::uint32_t lanes = 0; lanes <= 0xffff; ++lanes) {
      const linear::LanePasses passes = linear::lane_passes(lanes, most);
      std::uint32_t seen = 0;
      for (int i = 0; i < passes.count; ++i) {
        const linear::LanePass& pass = passes.pass[static_cast<std::size_t>(i)];
        ASSERT_LE(pass.count * pass.runs, most);
        for (int run = 0; run < pass.runs; ++run)
          for (int lane = 0; lane < pass.count; ++lane) {
            const std::uint32_t bit = 1u << (pass.first[static_cast<std::size_t>(run)] + lane);
            ASSERT_FALSE(seen & bit) << std::hex << lanes;
            seen |= bit;
          }
      }
      ASSERT_EQ(seen, lanes) << std::hex << lanes;
    }
  EXPECT_EQ(linear::lane_passes(0x7f7f, 14).count, 1);
}

TEST(LinearChannels, RefuseWhereFewLanesAreIdleOrNearlyAll) {
  for (const linear::Kernel* kernel : linear::kernels()) {
    if (!kernel->name.ends_with("/dense_channels")) continue;
    linear::Problem p;
    p.a.rows = 64, p.tiles = 10;
    p.lanes = 153;
    EXPECT_EQ(kernel->refuse(p),
              "153 of 160 lanes are columns: too few are idle for 64 rows in whole vectors");
    p.lanes = 39;
    EXPECT_EQ(kernel->refuse(p), "39 columns in 10 tiles are fewer than 4 a tile");
    p.lanes = 140;
    EXPECT_EQ(kernel->refuse(p), std::nullopt);
  }
}
