// MatMul, Gemm, Conv and tulle.Linear against sums over the definition's own indices in f64.
#include <cmath>

#include "support/node.hpp"

using namespace tulle;
using namespace tulle::test;

namespace {
std::vector<double> product(std::span<const float> a, std::span<const float> b, Index m, Index k, Index n) {
  std::vector<double> c(static_cast<std::size_t>(m * n), 0.0);
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j)
      for (Index p = 0; p < k; ++p)
        c[static_cast<std::size_t>(i * n + j)] +=
            double(a[static_cast<std::size_t>(i * k + p)]) * b[static_cast<std::size_t>(p * n + j)];
  return c;
}

struct Conv2d {  // one image, strides s, dilations d, pads: top, left, bottom, right
  Index c, h, w, m, kh, kw, groups, sh, sw, dh, dw, top, left, bottom, right;
  Index out_h() const { return (h + top + bottom - (kh - 1) * dh - 1) / sh + 1; }
  Index out_w() const { return (w + left + right - (kw - 1) * dw - 1) / sw + 1; }
  std::vector<double> operator()(std::span<const float> x, std::span<const float> weight) const {
    std::vector<double> y;
    for (Index o = 0; o < m; ++o)
      for (Index i = 0; i < out_h(); ++i)
        for (Index j = 0; j < out_w(); ++j) y.push_back(at(x, weight, o, i, j));
    return y;
  }
  double at(std::span<const float> x, std::span<const float> weight, Index o, Index i, Index j) const {
    double sum = 0;
    const Index channels = c / groups, first = o / (m / groups) * channels;
    for (Index q = 0; q < channels; ++q)
      for (Index a = 0; a < kh; ++a)
        for (Index b = 0; b < kw; ++b) {
          const Index y0 = i * sh + a * dh - top, x0 = j * sw + b * dw - left;
          if (y0 < 0 || y0 >= h || x0 < 0 || x0 >= w) continue;
          sum += double(x[static_cast<std::size_t>(((first + q) * h + y0) * w + x0)]) *
                 weight[static_cast<std::size_t>(((o * channels + q) * kh + a) * kw + b)];
        }
    return sum;
  }
};
}  // namespace

TEST(MatMul, IsTheProductOfMatrices) {
  const Tensor a = random({7, 11}, 1), b = random({11, 13}, 2);
  expect_near(run("MatMul", 13, {}, {a, b})[0], {7, 13}, product(a.as<float>(), b.as<float>(), 7, 11, 13),
              1e-6);
}

TEST(MatMul, BroadcastsBatchesAndTakesVectors) {
  const Tensor a = random({2, 1, 3, 5}, 1), b = random({4, 5, 2}, 2);
  const Tensor c = run("MatMul", 9, {}, {a, b})[0];
  ASSERT_EQ(c.shape(), (Shape{2, 4, 3, 2}));
  for (Index i = 0; i < 2; ++i)
    for (Index j = 0; j < 4; ++j) {
      const auto want = product(a.as<float>().subspan(static_cast<std::size_t>(i) * 15, 15),
                                b.as<float>().subspan(static_cast<std::size_t>(j) * 10, 10), 3, 5, 2);
      for (std::size_t e = 0; e < 6; ++e)
        EXPECT_NEAR(c.as<float>()[static_cast<std::size_t>(i * 4 + j) * 6 + e], want[e], 1e-6);
    }
  expect_near(run("MatMul", 13, {}, {floats({2}, {1, 2}), floats({2}, {3, 4})})[0], {}, {11}, 0);
  expect_near(run("MatMul", 13, {}, {floats({2}, {1, 2}), floats({2, 2}, {3, 4, 5, 6})})[0], {2}, {13, 16},
              0);
  expect_near(run("MatMul", 13, {}, {floats({2, 2}, {3, 4, 5, 6}), floats({2}, {1, 2})})[0], {2}, {11, 17},
              0);
}

TEST(MatMul, RefusesShapesThatDoNotMultiply) {
  EXPECT_NE(refusal("MatMul", 13, {}, {random({2, 3}, 1), random({4, 5}, 2)})
                .find("inner dimensions 3 and 4 differ"),
            std::string::npos);
  EXPECT_NE(refusal("MatMul", 13, {}, {random({2, 2, 3}, 1), random({5, 3, 1}, 2)}).find("do not broadcast"),
            std::string::npos);
}

TEST(Gemm, TransposesScalesAndAdds) {
  const Tensor a = random({5, 3}, 1), b = random({7, 5}, 2), c = random({7}, 3);
  const Tensor y =
      run("Gemm", 13, {{"transA", Index{1}}, {"transB", Index{1}}, {"alpha", 0.5f}, {"beta", 2.0f}},
          {a, b, c})[0];
  ASSERT_EQ(y.shape(), (Shape{3, 7}));
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 7; ++j) {
      double want = 2.0 * c.as<float>()[j];
      for (std::size_t p = 0; p < 5; ++p)
        want += 0.5 * double(a.as<float>()[p * 3 + i]) * b.as<float>()[j * 5 + p];
      EXPECT_NEAR(y.as<float>()[i * 7 + j], want, 1e-6);
    }
}

TEST(Gemm, RefusesABiasThatIsTooLarge) {
  EXPECT_NE(refusal("Gemm", 13, {}, {random({2, 3}, 1), random({3, 4}, 2), random({5, 2, 4}, 3)})
                .find("does not broadcast"),
            std::string::npos);
}

TEST(Conv, IsTheSumOverTapsWithStridesDilationsGroupsAndPads) {
  for (const Conv2d& c : {Conv2d{4, 9, 11, 6, 3, 2, 2, 2, 1, 1, 2, 1, 0, 2, 1},
                          Conv2d{3, 7, 5, 5, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0},
                          Conv2d{6, 8, 17, 6, 3, 3, 6, 1, 1, 1, 1, 1, 1, 1, 1},
                          Conv2d{2, 5, 6, 3, 5, 4, 1, 3, 2, 1, 1, 4, 3, 0, 2}}) {
    const Tensor x = random({1, c.c, c.h, c.w}, 1), w = random({c.m, c.c / c.groups, c.kh, c.kw}, 2);
    const Tensor y = run("Conv", 11,
                         {{"strides", Shape{c.sh, c.sw}},
                          {"dilations", Shape{c.dh, c.dw}},
                          {"group", c.groups},
                          {"pads", Shape{c.top, c.left, c.bottom, c.right}}},
                         {x, w})[0];
    expect_near(y, {1, c.m, c.out_h(), c.out_w()}, c(x.as<float>(), w.as<float>()), 1e-6);
  }
}

TEST(Conv, PadsToTheSameSizeAndTakesOneAndThreeDimensions) {
  const Tensor x = floats({1, 1, 4}, {1, 2, 3, 4}), w = floats({1, 1, 2}, {1, 10});
  expect_near(run("Conv", 11, {{"auto_pad", std::string("SAME_UPPER")}}, {x, w})[0], {1, 1, 4},
              {21, 32, 43, 4}, 0);
  expect_near(run("Conv", 11, {{"auto_pad", std::string("SAME_LOWER")}}, {x, w})[0], {1, 1, 4},
              {10, 21, 32, 43}, 0);
  expect_near(run("Conv", 11, {{"auto_pad", std::string("VALID")}}, {x, w, floats({1}, {0.5f})})[0],
              {1, 1, 3}, {21.5, 32.5, 43.5}, 0);
  const Tensor cube = floats({1, 1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}),
               corner = floats({1, 1, 2, 2, 2}, {1, 0, 0, 0, 0, 0, 0, 100});
  expect_near(run("Conv", 11, {}, {cube, corner})[0], {1, 1, 1, 1, 1}, {801}, 0);
}

TEST(Conv, RefusesSizesThatMakeNoSense) {
  const Tensor x = random({1, 2, 5, 5}, 1), w = random({4, 2, 3, 3}, 2);
  const auto says = [&](Attributes a) { return refusal("Conv", 11, std::move(a), {x, w}); };
  EXPECT_NE(says({{"strides", Shape{0, 1}}}).find("'strides' is [0, 1]"), std::string::npos);
  EXPECT_NE(says({{"pads", Shape{0, 0, Index{1} << 40, 0}}}).find("'pads'"), std::string::npos);
  EXPECT_NE(says({{"pads", Shape{0, 0}}}).find("want 4 numbers"), std::string::npos);
  EXPECT_NE(says({{"group", Index{3}}}).find("in 3 group(s)"), std::string::npos);
  EXPECT_NE(says({{"kernel_shape", Shape{2, 3}}}).find("kernel_shape is [2, 3]"), std::string::npos);
  EXPECT_NE(says({{"dilations", Shape{3, 1}}}).find("larger than the input"), std::string::npos);
}

TEST(FusedConv, AddsBiasAndResidualThenActivates) {
  const Tensor x = random({1, 2, 5, 4}, 1), w = random({3, 2, 3, 3}, 2), bias = random({3}, 3),
               residual = random({1, 3, 3, 2}, 4);
  const Tensor plain = run("Conv", 11, {}, {x, w})[0];
  const Tensor y =
      run("Conv", 1, {{"activation", std::string("relu")}}, {x, w, bias, residual}, 1, "tulle")[0];
  for (std::size_t i = 0; i < 18; ++i)
    EXPECT_NEAR(
        y.as<float>()[i],
        std::max(0.0, double(plain.as<float>()[i]) + bias.as<float>()[i / 6] + residual.as<float>()[i]),
        1e-6);
}

TEST(FusedLinear, IsTheProductWithTheTransposedWeight) {
  const Tensor x = random({2, 3, 5}, 1), w = random({4, 5}, 2), bias = random({4}, 3),
               residual = random({2, 3, 4}, 4);
  const Tensor y =
      run("Linear", 1, {{"activation", std::string("silu")}}, {x, w, bias, residual}, 1, "tulle")[0];
  ASSERT_EQ(y.shape(), (Shape{2, 3, 4}));
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 4; ++j) {
      double sum = double(bias.as<float>()[j]) + residual.as<float>()[i * 4 + j];
      for (std::size_t p = 0; p < 5; ++p) sum += double(x.as<float>()[i * 5 + p]) * w.as<float>()[j * 5 + p];
      EXPECT_NEAR(y.as<float>()[i * 4 + j], sum / (1 + std::exp(-sum)), 1e-6);
    }
}

TEST(FusedLinear, TakesAWeightThatLiesTransposed) {
  const Tensor x = random({6, 5}, 1), w = random({5, 4}, 2);
  const Tensor y = run("Linear", 1, {{"transposed", Index{1}}}, {x, w}, 1, "tulle")[0];
  ASSERT_EQ(y.shape(), (Shape{6, 4}));
  for (std::size_t i = 0; i < 6; ++i)
    for (std::size_t j = 0; j < 4; ++j) {
      double sum = 0;
      for (std::size_t p = 0; p < 5; ++p) sum += double(x.as<float>()[i * 5 + p]) * w.as<float>()[p * 4 + j];
      EXPECT_NEAR(y.as<float>()[i * 4 + j], sum, 1e-6);
    }
  EXPECT_THROW(run("Linear", 1, {}, {x, w}, 1, "tulle"), Error);
}

TEST(FusedActivation, KnowsEveryNameAndRefusesOthers) {
  const Tensor x = floats({3}, {-2, 0.5f, 7});
  const auto of = [&](const char* kind, float a, float b) {
    return run("Activation", 1, {{"activation", std::string(kind)}, {"alpha", a}, {"beta", b}}, {x}, 1,
               "tulle")[0];
  };
  expect_near(of("clip", -1, 6), {3}, {-1, 0.5, 6}, 0);
  expect_near(of("leaky_relu", 0.1f, 0), {3}, {-0.2, 0.5, 7}, 1e-7);
  expect_near(of("hard_sigmoid", 0.2f, 0.5f), {3}, {0.1, 0.6, 1}, 1e-7);
  expect_near(of("hard_swish", 0, 0), {3}, {-2.0 / 6, 0.5 * (0.5 / 6 + 0.5), 7}, 1e-6);
  expect_near(of("elu", 0.5f, 0), {3}, {0.5 * (std::exp(-2) - 1), 0.5, 7}, 1e-7);
  expect_near(of("gelu", 0, 0), {3}, {-0.045500264, 0.345731239, 7}, 1e-6);
  expect_near(of("gelu_tanh", 0, 0), {3}, {-0.045402306, 0.345714026, 7}, 1e-6);
  EXPECT_NE(refusal("Activation", 1, {{"activation", std::string("swish9")}}, {x}, "tulle").find("'swish9'"),
            std::string::npos);
}

TEST(FusedAttention, WeighsValuesByTheSoftmaxOfScores) {
  const Tensor q = floats({1, 1, 2}, {1, 2}), k = floats({1, 2, 2}, {1, 0, 0, 1}),
               v = floats({1, 2, 2}, {10, 1, 20, 2});
  const Tensor mask = floats({1, 1, 1, 2}, {0, -1});
  const Tensor y =
      run("Attention", 1, {{"num_heads", Index{2}}, {"scale", 0.5f}}, {q, k, v, mask}, 1, "tulle")[0];
  const double p = 1 / (1 + std::exp(-0.5 - 1)),
               r = 1 / (1 + std::exp(1.0 - 1));  // head 0: 0.5, -1; head 1: 0, 1 - 1
  expect_near(y, {1, 1, 2}, {10 * p + 20 * (1 - p), r * 1 + (1 - r) * 2}, 1e-6);
}

TEST(Conv, IsTheSameWhenTapsAreTooManyToKeep) {
  const Index rows = 2048;  // of outputs; times 513 taps is more than are kept
  const Tensor x = random({1, 1, rows + 512, 3}, 1), w = random({1, 1, 513, 1}, 2);
  const Tensor y = run("Conv", 11, {{"strides", Shape{1, 2}}}, {x, w})[0];
  ASSERT_EQ(y.shape(), (Shape{1, 1, rows, 2}));
  for (const std::size_t i : {0u, 777u, 2047u}) {
    double want = 0;
    for (std::size_t k = 0; k < 513; ++k) want += double(x.as<float>()[(i + k) * 3 + 2]) * w.as<float>()[k];
    EXPECT_NEAR(y.as<float>()[i * 2 + 1], want, 1e-5);
  }
}
