#include <gtest/gtest.h>
#include <random>
#include "plan/builder.hpp"

using namespace tulle;
using namespace tulle::plan;

namespace {
bool together(const PlannedBuffer& a, const PlannedBuffer& b) {
  return a.first_use <= b.last_use && b.first_use <= a.last_use;
}
bool overlap(const PlannedBuffer& a, const PlannedBuffer& b) {
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

std::vector<PlannedBuffer> random_buffers(std::mt19937& bits, bool zeroed) {
  std::vector<PlannedBuffer> buffers(40);
  for (PlannedBuffer& b : buffers) {
    b.bytes = 64 + bits() % 5000;
    b.first_use = static_cast<int>(bits() % 50);
    b.last_use = b.first_use + static_cast<int>(bits() % 8);
    if (zeroed && bits() % 3 == 0) {
      b.zeroed = true;
      b.layout.features = 1 + static_cast<Index>(bits() % 3);  // few layouts, so that some are alike
      b.bytes = static_cast<std::size_t>(1000 * b.layout.features);
    }
  }
  return buffers;
}
}  // namespace

TEST(Memory, KeepsBuffersInUseApartAndSharesTheRest) {
  std::mt19937 bits(1);
  for (int round = 0; round < 50; ++round) {
    std::vector<PlannedBuffer> buffers = random_buffers(bits, round % 2 == 1);
    const std::size_t size = place_buffers(buffers);
    std::size_t sum = 0;
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      sum += buffers[i].bytes;
      ASSERT_EQ(buffers[i].offset % 64, 0u);
      ASSERT_LE(buffers[i].offset + buffers[i].bytes, size);
      for (std::size_t k = 0; k < i; ++k) {
        if (!overlap(buffers[i], buffers[k])) continue;
        ASSERT_FALSE(together(buffers[i], buffers[k])) << i << " and " << k << " in round " << round;
        ASSERT_EQ(buffers[i].zeroed, buffers[k].zeroed) << "padding that must stay zero was shared";
        if (buffers[i].zeroed) {
          ASSERT_EQ(buffers[i].layout, buffers[k].layout);
          ASSERT_EQ(buffers[i].offset, buffers[k].offset);
        }
      }
    }
    EXPECT_LT(size, sum / 2) << "lifetimes of 4 in 50 must share most of the memory";
  }
}

TEST(Memory, GivesConstantsInputsAndUnusedBuffersNone) {
  std::vector<PlannedBuffer> buffers(3);
  buffers[0].kind = PlannedBuffer::Kind::constant;
  buffers[1].kind = PlannedBuffer::Kind::input;
  buffers[2].bytes = 100;  // never used
  EXPECT_EQ(place_buffers(buffers), 0u);
}
