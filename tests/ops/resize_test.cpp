// Resize, Upsample and ConvTranspose against values worked out from the definitions.
#include "support/node.hpp"

using namespace tulle;
using namespace tulle::test;

namespace {
const Tensor kRow = floats({1, 1, 1, 4}, {1, 2, 3, 4});
const auto s = [](const char* text) { return std::string(text); };
Tensor resized(Attributes a, Tensor x, std::vector<float> scales) {
  const Shape shape{static_cast<Index>(scales.size())};
  return run("Resize", 13, std::move(a), {std::move(x), Tensor(), floats(shape, std::move(scales))})[0];
}
}  // namespace

TEST(Resize, RoundsToTheNearestInFourWays) {
  const Tensor x = floats({2}, {1, 2});
  const auto with = [&](const char* rounding) {
    return resized({{"nearest_mode", s(rounding)}, {"coordinate_transformation_mode", s("asymmetric")}}, x,
                   {2});
  };
  expect_near(with("round_prefer_floor"), {4}, {1, 1, 2, 2}, 0);
  expect_near(with("round_prefer_ceil"), {4}, {1, 2, 2, 2}, 0);
  expect_near(with("floor"), {4}, {1, 1, 2, 2}, 0);
  expect_near(with("ceil"), {4}, {1, 2, 2, 2}, 0);
}

TEST(Resize, PutsPointsWhereTheCoordinateModeSays) {
  const auto with = [&](const char* mode, float scale) {
    return resized({{"mode", s("linear")}, {"coordinate_transformation_mode", s(mode)}}, kRow,
                   {1, 1, 1, scale});
  };
  expect_near(with("half_pixel", 2), {1, 1, 1, 8}, {1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4}, 1e-6);
  expect_near(with("asymmetric", 2), {1, 1, 1, 8}, {1, 1.5, 2, 2.5, 3, 3.5, 4, 4}, 1e-6);
  expect_near(with("align_corners", 1.75f), {1, 1, 1, 7}, {1, 1.5, 2, 2.5, 3, 3.5, 4}, 1e-6);
  expect_near(with("half_pixel", 0.25f), {1, 1, 1, 1}, {2.5}, 1e-6);
  expect_near(with("pytorch_half_pixel", 0.25f), {1, 1, 1, 1}, {1}, 1e-6);
}

TEST(Resize, InterpolatesCubicallyAndLeavesTheOutsideOut) {
  // Half way between samples Keys' weights for a = -0.75 are -3/32, 19/32, 19/32, -3/32.
  const Attributes cubic{{"mode", s("cubic")}, {"coordinate_transformation_mode", s("asymmetric")}};
  const Tensor y = resized(cubic, kRow, {1, 1, 1, 2});
  EXPECT_NEAR(y.as<float>()[3], (19 * (2 + 3) - 3 * (1 + 4)) / 32.0, 1e-6);
  EXPECT_NEAR(y.as<float>()[1], (19 * (1 + 2) - 3 * (1 + 3)) / 32.0, 1e-6);
  Attributes inside = cubic;
  inside["exclude_outside"] = Index{1};
  EXPECT_NEAR(resized(inside, kRow, {1, 1, 1, 2}).as<float>()[1], (19 * (1 + 2) - 3 * 3) / 35.0, 1e-6);
}

TEST(Resize, TakesSizesAxesPolicyAndAntialias) {
  const Tensor x = floats({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}), none;
  const auto sized = [&](Attributes a, std::vector<Index> sizes) {
    const Shape shape{static_cast<Index>(sizes.size())};
    return run("Resize", 18, std::move(a), {x, none, none, longs(shape, sizes)})[0];
  };
  expect_near(sized({{"axes", Shape{1}}}, {2}), {2, 2}, {1, 3, 5, 7}, 0);
  EXPECT_EQ(sized({{"keep_aspect_ratio_policy", s("not_larger")}}, {8, 8}).shape(), (Shape{4, 8}));
  EXPECT_EQ(sized({{"keep_aspect_ratio_policy", s("not_smaller")}}, {8, 8}).shape(), (Shape{8, 16}));
  // Down by 2 the triangle is 4 wide: weights 1/8 3/8 3/8 1/8, the ones outside taken at the edge.
  expect_near(
      sized({{"axes", Shape{1}}, {"mode", s("linear")}, {"antialias", Index{1}}}, {2}), {2, 2},
      {(1 + 3 + 6 + 3) / 8.0, (2 + 9 + 12 + 4) / 8.0, (5 + 15 + 18 + 7) / 8.0, (6 + 21 + 24 + 8) / 8.0},
      1e-6);
}

TEST(Resize, CropsToARegionAndFillsTheOutside) {
  const Attributes a{{"mode", s("linear")},
                     {"coordinate_transformation_mode", s("tf_crop_and_resize")},
                     {"extrapolation_value", 9.0f}};
  const Tensor y = run("Resize", 13, a,
                       {floats({4}, {1, 2, 3, 4}), floats({2}, {0.5f, 1.5f}), Tensor(), longs({1}, {3})})[0];
  expect_near(y, {3}, {2.5, 4, 9}, 1e-6);
}

TEST(Resize, RefusesNonsense) {
  EXPECT_NE(refusal("Resize", 13, {}, {kRow, Tensor(), floats({1}, {2})}).find("has 1 scales; want 4"),
            std::string::npos);
  EXPECT_NE(
      refusal("Resize", 13, {}, {kRow, Tensor(), floats({4}, {1, 1, 1, -2})}).find("is not in (0, 1e9]"),
      std::string::npos);
  EXPECT_NE(refusal("Resize", 13, {}, {kRow}).find("neither scales nor sizes"), std::string::npos);
  EXPECT_NE(refusal("Resize", 13, {},
                    {kRow, Tensor(), Tensor(), longs({4}, {1, 1, Index{1} << 30, Index{1} << 30})})
                .find("limit"),
            std::string::npos);
}

TEST(Upsample, RepeatsOrInterpolatesFromTheLeft) {
  expect_near(run("Upsample", 9, {}, {floats({2}, {1, 2}), floats({1}, {2})})[0], {4}, {1, 1, 2, 2}, 0);
  expect_near(run("Upsample", 7, {{"scales", std::vector<float>{2}}, {"mode", s("linear")}},
                  {floats({2}, {1, 2})})[0],
              {4}, {1, 1.5, 2, 2}, 0);
}

TEST(ConvTranspose, SpreadsTheKernelOverTheOutput) {
  const Tensor x = floats({1, 1, 3}, {1, 2, 3}), w = floats({1, 1, 2}, {1, 10});
  expect_near(run("ConvTranspose", 11, {}, {x, w})[0], {1, 1, 4}, {1, 12, 23, 30}, 0);
  expect_near(run("ConvTranspose", 11, {{"strides", Shape{2}}, {"output_padding", Shape{1}}},
                  {x, w, floats({1}, {0.5f})})[0],
              {1, 1, 7}, {1.5, 10.5, 2.5, 20.5, 3.5, 30.5, 0.5}, 0);
  expect_near(run("ConvTranspose", 11, {{"dilations", Shape{2}}, {"pads", Shape{1, 1}}}, {x, w})[0],
              {1, 1, 3}, {2, 13, 20}, 0);
  expect_near(
      run("ConvTranspose", 11, {{"output_shape", Shape{3}}, {"auto_pad", s("SAME_UPPER")}}, {x, w})[0],
      {1, 1, 3}, {1, 12, 23}, 0);
  expect_near(run("ConvTranspose", 11, {{"output_shape", Shape{3}}}, {x, w})[0], {1, 1, 3}, {12, 23, 30}, 0);
}

TEST(ConvTranspose, KeepsGroupsApart) {
  const Tensor x = floats({1, 2, 1}, {2, 3}), w = floats({2, 2, 1}, {1, 10, 100, 1000});
  expect_near(run("ConvTranspose", 11, {{"group", Index{2}}}, {x, w})[0], {1, 4, 1}, {2, 20, 300, 3000}, 0);
  EXPECT_NE(refusal("ConvTranspose", 11, {{"group", Index{3}}}, {x, w}).find("in 3 group(s)"),
            std::string::npos);
}
