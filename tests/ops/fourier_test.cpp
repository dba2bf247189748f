// Fourier transforms and losses against their formulas.
#include <cmath>
#include <numbers>

#include "support/node.hpp"

using namespace tulle;
using namespace tulle::test;

TEST(DFT, GoesThereAndBack) {
  const Tensor x = random({2, 7, 1}, 1);
  const Tensor y = run("DFT", 20, {}, {x})[0];
  ASSERT_EQ(y.shape(), (Shape{2, 7, 2}));
  for (std::size_t k = 0; k < 7; ++k) {
    double real = 0, imaginary = 0;
    for (std::size_t i = 0; i < 7; ++i) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(i * k) / 7;
      real += x.as<float>()[7 + i] * std::cos(angle), imaginary -= x.as<float>()[7 + i] * std::sin(angle);
    }
    EXPECT_NEAR(y.as<float>()[(7 + k) * 2], real, 1e-5);
    EXPECT_NEAR(y.as<float>()[(7 + k) * 2 + 1], imaginary, 1e-5);
  }
  const Tensor back = run("DFT", 20, {{"inverse", Index{1}}}, {y})[0];
  for (std::size_t i = 0; i < 14; ++i) EXPECT_NEAR(back.as<float>()[i * 2], x.as<float>()[i], 1e-6);
  const Tensor half = run("DFT", 17, {{"onesided", Index{1}}, {"axis", Index{1}}}, {x})[0];
  ASSERT_EQ(half.shape(), (Shape{2, 4, 2}));
  const Tensor whole =
      run("DFT", 20, {{"onesided", Index{1}}, {"inverse", Index{1}}}, {half, longs({}, {7})})[0];
  for (std::size_t i = 0; i < 14; ++i) EXPECT_NEAR(whole.as<float>()[i], x.as<float>()[i], 1e-6);
}

TEST(STFT, TransformsWindowedFrames) {
  const Tensor x = floats({1, 4}, {1, 2, 3, 4}), window = floats({2}, {1, 0.5f});
  const Tensor y = run("STFT", 17, {}, {x, longs({}, {2}), window})[0];
  expect_near(y, {1, 2, 2, 2}, {2, 0, 0, 0, 5, 0, 1, 0}, 1e-6);
  EXPECT_NE(refusal("STFT", 17, {}, {x, longs({}, {0}), window}).find("every 0 of 4"), std::string::npos);
}

TEST(Losses, AreWeightedMeansOfLogProbabilities) {
  const Tensor x = floats({2, 2}, {-1, -2, -3, -4}), target = longs({2}, {1, 0}),
               weight = floats({2}, {1, 3});
  expect_near(run("NegativeLogLikelihoodLoss", 13, {}, {x, target, weight})[0], {}, {(3 * 2 + 1 * 3) / 4.0},
              1e-6);
  expect_near(run("NegativeLogLikelihoodLoss", 13,
                  {{"reduction", std::string("none")}, {"ignore_index", Index{1}}}, {x, target})[0],
              {2}, {0, 3}, 1e-6);
  const auto y = run("SoftmaxCrossEntropyLoss", 13, {{"reduction", std::string("sum")}}, {x, target}, 2);
  const double big = -std::log(1 / (1 + std::exp(-1))), small = big + 1;
  expect_near(y[0], {}, {small + big}, 1e-6);
  expect_near(y[1], {2, 2}, {-big, -small, -big, -small}, 1e-6);
  EXPECT_NE(refusal("NegativeLogLikelihoodLoss", 13, {}, {x, longs({2}, {1, 2})})
                .find("class 2 is outside 2 classes"),
            std::string::npos);
}
