// GridSample, AffineGrid, detection, unpooling, Col2Im, Det and LRN against values by hand.
#include <cmath>

#include "support/node.hpp"

using namespace tulle;
using namespace tulle::test;

namespace {
const Tensor kRow = floats({1, 1, 1, 3}, {10, 20, 30});
Tensor points(std::vector<float> xs) {  // on the only row
  std::vector<float> grid;
  for (float x : xs) grid.insert(grid.end(), {x, 0});
  return floats({1, 1, static_cast<Index>(xs.size()), 2}, grid);
}
}  // namespace

TEST(GridSample, LooksBetweenPixelsAndPadsInThreeWays) {
  const auto at = [&](const char* padding, std::vector<float> xs) {
    return run("GridSample", 16, {{"align_corners", Index{1}}, {"padding_mode", std::string(padding)}},
               {kRow, points(std::move(xs))})[0];
  };
  expect_near(at("zeros", {-1, -0.5f, 0.25f, 1, 1.5f}), {1, 1, 1, 5}, {10, 15, 22.5, 30, 15}, 1e-5);
  expect_near(at("border", {-3, 1.5f}), {1, 1, 1, 2}, {10, 30}, 1e-5);
  expect_near(at("reflection", {-1.5f, 2}), {1, 1, 1, 2}, {15, 20}, 1e-5);
  expect_near(
      run("GridSample", 20, {{"mode", std::string("nearest")}}, {kRow, points({-0.7f, 0.1f, 0.9f, 1.4f})})[0],
      {1, 1, 1, 4}, {10, 20, 30, 0}, 0);
}

TEST(AffineGrid, MapsCornersOrCentres) {
  const Tensor theta = floats({1, 2, 3}, {2, 0, 0.5f, 0, 1, 0}), size = longs({4}, {1, 1, 1, 2});
  expect_near(run("AffineGrid", 20, {}, {theta, size})[0], {1, 1, 2, 2}, {-0.5, 0, 1.5, 0}, 1e-6);
  expect_near(run("AffineGrid", 20, {{"align_corners", Index{1}}}, {theta, longs({4}, {1, 1, 2, 2})})[0],
              {1, 2, 2, 2}, {-1.5, -1, 2.5, -1, -1.5, 1, 2.5, 1}, 1e-6);
}

TEST(NonMaxSuppression, KeepsTheBestOfOverlappingBoxes) {
  const Tensor boxes = floats({1, 3, 4}, {0, 0, 1, 1, 0, 0.1f, 1, 1.1f, 0, 5, 1, 6}),
               scores = floats({1, 1, 3}, {0.8f, 0.9f, 0.3f});
  const auto kept = [&](Index most, float overlap, float score) {
    return run("NonMaxSuppression", 11, {},
               {boxes, scores, longs({}, {most}), floats({}, {overlap}), floats({}, {score})})[0];
  };
  expect_near<Index>(kept(5, 0.5f, 0), {2, 3}, {0, 0, 1, 0, 0, 2}, 0);
  expect_near<Index>(kept(5, 0.9f, 0.5f), {2, 3}, {0, 0, 1, 0, 0, 0}, 0);
  expect_near<Index>(kept(1, 0.5f, 0), {1, 3}, {0, 0, 1}, 0);
}

TEST(RoiAlign, AveragesBilinearSamples) {
  const Tensor x = floats({1, 1, 2, 2}, {0, 1, 2, 3}), roi = floats({1, 4}, {0, 0, 2, 2}),
               image = longs({1}, {0});
  expect_near(run("RoiAlign", 16, {{"sampling_ratio", Index{1}}}, {x, roi, image})[0], {1, 1, 1, 1}, {1.5},
              1e-6);
  expect_near(run("RoiAlign", 10,
                  {{"sampling_ratio", Index{1}}, {"output_height", Index{2}}, {"output_width", Index{2}}},
                  {x, roi, image})[0],
              {1, 1, 2, 2}, {1.5, 2, 2.5, 3}, 1e-6);
  EXPECT_NE(refusal("RoiAlign", 16, {}, {x, roi, longs({1}, {1})}).find("batch index 1 is outside 1 images"),
            std::string::npos);
}

TEST(MaxUnpool, PutsValuesBackAndRefusesIndicesOutside) {
  const Tensor x = floats({1, 1, 2}, {5, 7});
  const Attributes a{{"kernel_shape", Shape{2}}, {"strides", Shape{2}}};
  expect_near(run("MaxUnpool", 11, a, {x, longs({1, 1, 2}, {1, 2})})[0], {1, 1, 4}, {0, 5, 7, 0}, 0);
  expect_near(run("MaxUnpool", 11, a, {x, longs({1, 1, 2}, {1, 2}), longs({3}, {1, 1, 5})})[0], {1, 1, 5},
              {0, 5, 7, 0, 0}, 0);
  EXPECT_NE(refusal("MaxUnpool", 11, a, {x, longs({1, 1, 2}, {1, 4})}).find("index 4 is outside [1, 1, 4]"),
            std::string::npos);
}

TEST(Col2Im, AddsOverlappingBlocks) {
  const Tensor columns = floats({1, 2, 3}, {1, 2, 3, 10, 20, 30});
  expect_near(run("Col2Im", 18, {}, {columns, longs({2}, {1, 4}), longs({2}, {1, 2})})[0], {1, 1, 1, 4},
              {1, 12, 23, 30}, 0);
}

TEST(Det, TakesEachMatrixOfTheLastTwoDimensions) {
  expect_near(run("Det", 11, {}, {floats({2, 2, 2}, {0, 1, 1, 0, 1, 2, 3, 4})})[0], {2}, {-1, -2}, 1e-6);
  expect_near(run("Det", 11, {}, {floats({3, 3}, {2, 0, 1, 1, 3, 2, 1, 1, 1})})[0], {}, {0}, 1e-6);
}

TEST(LRN, DividesByNeighbouringChannels) {
  const Tensor y = run("LRN", 13, {{"size", Index{3}}, {"alpha", 3.0f}, {"beta", 1.0f}},
                       {floats({1, 3, 1}, {1, 2, 3})})[0];
  expect_near(y, {1, 3, 1}, {1.0 / 6, 2.0 / 15, 3.0 / 14}, 1e-6);
}

TEST(LpAndMeanVarianceNormalization, DivideByNormAndDeviation) {
  expect_near(run("LpNormalization", 22, {}, {floats({2, 2}, {3, -4, 0, 0})})[0], {2, 2}, {0.6, -0.8, 0, 0},
              1e-6);
  expect_near(run("LpNormalization", 22, {{"p", Index{1}}, {"axis", Index{0}}}, {floats({2, 1}, {3, -1})})[0],
              {2, 1}, {0.75, -0.25}, 1e-6);
  expect_near(run("MeanVarianceNormalization", 13, {{"axes", Shape{1}}}, {floats({2, 2}, {1, 3, 5, 5})})[0],
              {2, 2}, {-1, 1, 0, 0}, 1e-6);
}
