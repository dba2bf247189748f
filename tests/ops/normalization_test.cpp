// Softmax and the normalisations against means and deviations in f64.
#include <cmath>

#include "support/node.hpp"

using namespace tulle;
using namespace tulle::test;

namespace {
/// (x - mean) / sqrt(variance + epsilon) over neighbours, `count` at a time.
std::vector<double> normalized(std::span<const float> x, std::size_t count, double epsilon) {
  std::vector<double> y;
  for (std::size_t first = 0; first < x.size(); first += count) {
    double sum = 0, squares = 0;
    for (std::size_t i = first; i < first + count; ++i) sum += x[i], squares += double(x[i]) * x[i];
    const double n = static_cast<double>(count), mean = sum / n, variance = squares / n - mean * mean;
    for (std::size_t i = first; i < first + count; ++i)
      y.push_back((x[i] - mean) / std::sqrt(variance + epsilon));
  }
  return y;
}
}  // namespace

TEST(Softmax, RunsAlongOneAxisFrom13OnAndOverTheRestBefore) {
  const Tensor x = random({2, 3, 4}, 1);
  const auto v = x.as<float>();
  const Tensor last = run("Softmax", 13, {{"axis", Index{1}}}, {x})[0],
               flat = run("Softmax", 11, {{"axis", Index{1}}}, {x})[0];
  double column = 0, row = 0;
  for (std::size_t i = 0; i < 3; ++i) column += std::exp(v[12 + i * 4 + 2]);
  for (std::size_t i = 0; i < 12; ++i) row += std::exp(v[12 + i]);
  EXPECT_NEAR(last.as<float>()[12 + 4 + 2], std::exp(v[12 + 4 + 2]) / column, 1e-6);
  EXPECT_NEAR(flat.as<float>()[12 + 4 + 2], std::exp(v[12 + 4 + 2]) / row, 1e-6);
  const Tensor logs = run("LogSoftmax", 13, {{"axis", Index{1}}}, {x})[0];
  EXPECT_NEAR(logs.as<float>()[18], v[18] - std::log(column), 1e-6);
  expect_near(run("Softmax", 13, {}, {floats({2}, {1000, 1000})})[0], {2}, {0.5, 0.5}, 0);
  expect_near(run("Hardmax", 13, {}, {floats({2, 3}, {1, 3, 3, 2, 0, 1})})[0], {2, 3}, {0, 1, 0, 1, 0, 0}, 0);
}

TEST(BatchNormalization, ScalesEachChannel) {
  const Tensor x = random({2, 3, 5}, 1), scale = random({3}, 2), bias = random({3}, 3), mean = random({3}, 4),
               variance = floats({3}, {0.5f, 1, 2});
  const Tensor y = run("BatchNormalization", 9, {{"epsilon", 0.01f}}, {x, scale, bias, mean, variance})[0];
  for (std::size_t i = 0; i < 30; ++i) {
    const std::size_t c = i / 5 % 3;
    const double want = (double(x.as<float>()[i]) - mean.as<float>()[c]) /
                            std::sqrt(variance.as<float>()[c] + double(0.01f)) * scale.as<float>()[c] +
                        bias.as<float>()[c];
    EXPECT_NEAR(y.as<float>()[i], want, 1e-6);
  }
  EXPECT_NE(refusal("BatchNormalization", 15, {}, {x, random({4}, 1), bias, mean, variance})
                .find("want the shape [3]"),
            std::string::npos);
}

TEST(LayerNormalization, NormalisesFromTheAxisOnAndTellsMeanAndInverseDeviation) {
  const Tensor x = random({3, 4, 5}, 1), scale = random({4, 5}, 2), bias = random({5}, 3);
  const auto y = run("LayerNormalization", 17, {{"axis", Index{1}}, {"epsilon", 0.1f}}, {x, scale, bias}, 3);
  const auto plain = normalized(x.as<float>(), 20, double(0.1f));
  for (std::size_t i = 0; i < 60; ++i)
    EXPECT_NEAR(y[0].as<float>()[i], plain[i] * scale.as<float>()[i % 20] + bias.as<float>()[i % 5], 1e-6);
  ASSERT_EQ(y[1].shape(), (Shape{3, 1, 1}));
  EXPECT_NEAR((x.as<float>()[20] - y[1].as<float>()[1]) * y[2].as<float>()[1], plain[20], 1e-5);
}

TEST(RMSNormalization, DividesByTheRootOfTheMeanSquare) {
  expect_near(
      run("RMSNormalization", 23, {{"epsilon", 0.0f}}, {floats({1, 2}, {1, 7}), floats({2}, {1, 10})})[0],
      {1, 2}, {0.2, 14}, 1e-6);
}

TEST(GroupAndInstanceNormalization, ShareMomentsOverChannelsOrNot) {
  const Tensor x = random({2, 6, 5}, 1), scale = random({6}, 2), bias = random({6}, 3);
  const Tensor group = run("GroupNormalization", 21, {{"num_groups", Index{2}}}, {x, scale, bias})[0];
  const Tensor instance = run("InstanceNormalization", 6, {}, {x, scale, bias})[0];
  const auto by_group = normalized(x.as<float>(), 15, 1e-5), by_channel = normalized(x.as<float>(), 5, 1e-5);
  for (std::size_t i = 0; i < 60; ++i) {
    const std::size_t c = i / 5 % 6;
    EXPECT_NEAR(group.as<float>()[i], by_group[i] * scale.as<float>()[c] + bias.as<float>()[c], 1e-5);
    EXPECT_NEAR(instance.as<float>()[i], by_channel[i] * scale.as<float>()[c] + bias.as<float>()[c], 1e-5);
  }
  EXPECT_NE(refusal("GroupNormalization", 21, {{"num_groups", Index{4}}}, {x, scale, bias})
                .find("do not fall into 4 groups"),
            std::string::npos);
}
