// Pools against values worked out by hand from ONNX's definitions.
#include <cmath>

#include "support/node.hpp"

using namespace tulle;
using namespace tulle::test;

namespace {
const Tensor kGrid = floats({1, 1, 4, 4}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
}

TEST(MaxPool, TakesTheLargestWithPadsStridesAndDilations) {
  expect_near(run("MaxPool", 12, {{"kernel_shape", Shape{2, 2}}}, {kGrid})[0], {1, 1, 3, 3},
              {6, 7, 8, 10, 11, 12, 14, 15, 16}, 0);
  expect_near(
      run("MaxPool", 12,
          {{"kernel_shape", Shape{3, 3}}, {"strides", Shape{2, 2}}, {"pads", Shape{1, 1, 1, 1}}}, {kGrid})[0],
      {1, 1, 2, 2}, {6, 8, 14, 16}, 0);
  expect_near(run("MaxPool", 12, {{"kernel_shape", Shape{2, 2}}, {"dilations", Shape{2, 2}}}, {kGrid})[0],
              {1, 1, 2, 2}, {11, 12, 15, 16}, 0);
}

TEST(MaxPool, RoundsUpAndTellsIndices) {
  const auto y =
      run("MaxPool", 12, {{"kernel_shape", Shape{3, 3}}, {"strides", Shape{2, 2}}, {"ceil_mode", Index{1}}},
          {kGrid}, 2);
  expect_near(y[0], {1, 1, 2, 2}, {11, 12, 15, 16}, 0);
  expect_near<Index>(y[1], {1, 1, 2, 2}, {10, 11, 14, 15}, 0);
  const auto by_column =
      run("MaxPool", 12,
          {{"kernel_shape", Shape{2, 2}}, {"strides", Shape{2, 2}}, {"storage_order", Index{1}}}, {kGrid}, 2);
  expect_near<Index>(by_column[1], {1, 1, 2, 2}, {5, 13, 7, 15}, 0);
}

TEST(AveragePool, CountsPadsOnlyWhenAsked) {
  const Attributes attributes{
      {"kernel_shape", Shape{2, 2}}, {"strides", Shape{3, 3}}, {"pads", Shape{1, 1, 0, 0}}};
  expect_near(run("AveragePool", 11, attributes, {kGrid})[0], {1, 1, 2, 2}, {1, 3.5, 11, 13.5}, 1e-6);
  Attributes counting = attributes;
  counting["count_include_pad"] = Index{1};
  expect_near(run("AveragePool", 11, counting, {kGrid})[0], {1, 1, 2, 2}, {0.25, 1.75, 5.5, 13.5}, 1e-6);
}

TEST(AveragePool, DividesByWhatLiesInsideWhenTheLastWindowSticksOut) {
  const Tensor x = floats({1, 1, 4}, {1, 2, 3, 4});
  expect_near(run("AveragePool", 11,
                  {{"kernel_shape", Shape{3}}, {"strides", Shape{2}}, {"ceil_mode", Index{1}}}, {x})[0],
              {1, 1, 2}, {2, 3.5}, 1e-6);
  expect_near(run("AveragePool", 19,
                  {{"kernel_shape", Shape{3}},
                   {"strides", Shape{2}},
                   {"ceil_mode", Index{1}},
                   {"count_include_pad", Index{1}},
                   {"pads", Shape{1, 0}}},
                  {x})[0],
              {1, 1, 2}, {1, 3}, 1e-6);
}

TEST(LpPool, IsTheNormOfEachWindow) {
  const Tensor x = floats({1, 1, 4}, {3, -4, 0, 5});
  expect_near(run("LpPool", 18, {{"kernel_shape", Shape{2}}}, {x})[0], {1, 1, 3}, {5, 4, 5}, 1e-6);
  expect_near(run("LpPool", 18, {{"kernel_shape", Shape{2}}, {"p", Index{1}}}, {x})[0], {1, 1, 3}, {7, 4, 5},
              1e-6);
}

TEST(GlobalPools, ReduceEachChannelToOneValue) {
  const Tensor x = floats({1, 2, 3}, {1, 2, -6, 4, 4, 1});
  expect_near(run("GlobalAveragePool", 1, {}, {x})[0], {1, 2, 1}, {-1, 3}, 1e-6);
  expect_near(run("GlobalMaxPool", 1, {}, {x})[0], {1, 2, 1}, {2, 4}, 0);
  expect_near(run("GlobalLpPool", 2, {{"p", Index{1}}}, {x})[0], {1, 2, 1}, {9, 9}, 1e-5);
}

TEST(Pools, RefuseAKernelThatDoesNotFit) {
  EXPECT_NE(refusal("MaxPool", 12, {{"kernel_shape", Shape{5, 5}}}, {kGrid}).find("larger than the input"),
            std::string::npos);
  EXPECT_NE(refusal("MaxPool", 12, {}, {kGrid}).find("a kernel of []"), std::string::npos);
  const Shape huge(4, Index{1} << 30);
  EXPECT_NE(refusal("MaxPool", 12, {{"kernel_shape", Shape{Index{1} << 30, Index{1} << 30}}, {"pads", huge}},
                    {kGrid})
                .find("products"),
            std::string::npos);
}
