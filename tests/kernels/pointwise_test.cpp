#include <gtest/gtest.h>

#include <cmath>

#include "kernels/pointwise/kernel.hpp"
#include "support/guarded.hpp"
#include "support/kernel_list.hpp"

using namespace tulle;
using namespace tulle::pointwise;
using test::Guarded;

namespace {
class Pointwise : public test::EveryKernel<Kernel> {};
INSTANTIATE_TEST_SUITE_P(Kernels, Pointwise, testing::ValuesIn(kernels().begin(), kernels().end()));

double want_activation(const Activation& a, double x) {
  using enum ActivationKind;
  switch (a.kind) {
    case none:
      return x;
    case relu:
      return x > 0 ? x : 0;
    case clip:
      return x < a.alpha ? double(a.alpha) : x > a.beta ? double(a.beta) : x;
    case leaky_relu:
      return x < 0 ? x * a.alpha : x;
    case gelu:
      return x / 2 * (1 + std::erf(x * M_SQRT1_2));
    case gelu_tanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case sigmoid:
      return 0.5 + 0.5 * std::tanh(x / 2);
    case silu:
      return x * (0.5 + 0.5 * std::tanh(x / 2));
    case hard_sigmoid:
      return std::fmax(0, std::fmin(1, double(a.alpha) * x + double(a.beta)));
    case hard_swish:
      return x * std::fmax(0, std::fmin(1, x / 6 + 0.5));
    case tanh:
      return std::tanh(x);
    case elu:
      return x > 0 ? x : double(a.alpha) * (std::exp(x) - 1);
  }
  return 0;
}

std::vector<float> interesting() {
  std::vector<float> x;
  for (int i = -4000; i <= 4000; ++i) x.push_back(static_cast<float>(i) * 0.0037f);
  for (float far :
       {1e-30f, 1e-6f, 1e-3f, 0.6249f, 0.6251f, 5.58f, 5.7f, 20.0f, 88.5f, 90.0f, 105.0f, 1e4f, 1e18f})
    x.push_back(far), x.push_back(-far);
  return x;
}
}  // namespace

TEST_P(Pointwise, ActivationsKeepTheirBound) {
  const std::vector<float> x = interesting();
  for (int kind = 0; kind < kActivationKinds; ++kind) {
    const Activation a{static_cast<ActivationKind>(kind), kind == 2 ? -0.7f : 0.3f, 0.6f};
    std::vector<float> y(x.size());
    kernel.unary(a, x.data(), y.data(), std::ssize(x));
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double want = want_activation(a, x[i]);
      ASSERT_NEAR(y[i], want, 5e-7 * std::fmax(1, std::fabs(want))) << "kind " << kind << " at " << x[i];
    }
  }
}

TEST_P(Pointwise, TilesAreActivatedInPlaceAndNothingElseIs) {
  for (int kind = 0; kind < kActivationKinds; ++kind) {
    const Activation a{static_cast<ActivationKind>(kind), 0.3f, 0.6f};
    const Index stride = 21, rows = 5;
    Guarded c((rows - 1) * stride + kLanes);
    c.randomize(3, -4, 4);
    const std::vector<float> before(c.data(), c.data() + c.size());
    kernel.tile[kind](a, c.data(), stride, rows);
    for (Index i = 0; i < c.size(); ++i) {
      const double x = before[static_cast<std::size_t>(i)];
      ASSERT_NEAR(c[i], i % stride < kLanes ? want_activation(a, x) : x, 1e-6)
          << "kind " << kind << ", float " << i;
    }
  }
}

TEST_P(Pointwise, BinaryTakesVectorsAndNumbersAndActivates) {
  for (const Index count : {1, 15, 16, 17, 2047, 5000})
    for (int kind = 0; kind < kBinaryKinds; ++kind)
      for (const Index a_step : {0, 1})
        for (const Index b_step : {0, 1}) {
          Guarded a(a_step ? count : 1), b(b_step ? count : 1), y(count);
          a.randomize(1);
          b.randomize(2, 0.5f, 2);
          kernel.binary(static_cast<BinaryKind>(kind), a.data(), a_step, b.data(), b_step,
                        {ActivationKind::leaky_relu, 0.1f, 0}, y.data(), count);
          for (Index i = 0; i < count; ++i) {
            const double p = a[i * a_step], q = b[i * b_step];
            const double all[] = {p + q, p - q, p * q, p / q, std::fmin(p, q), std::fmax(p, q)};
            const double want = all[kind] < 0 ? all[kind] * 0.1f : all[kind];
            ASSERT_NEAR(y[i], want, 5e-7) << "kind " << kind << ", element " << i << " of " << count;
          }
        }
}

TEST_P(Pointwise, PerFeatureScalesShiftsAndSlopesRealColumnsAndZeroesTheOthers) {
  const Index n = 19;
  for (const Layout& layout : {test::row_major(2, 21, n, 23), test::panels(2, n, 5, 7, 8),
                               test::nchw(2, n, 5, 7), test::planes(2, n, 5, 7, 1)}) {
    Guarded x(test::floats_of(layout)), y(test::floats_of(layout)), scale(n), shift(n), slope(n);
    x.randomize(1), scale.randomize(2), shift.randomize(3), slope.randomize(4);
    const PerFeature p{scale.data(), shift.data(), slope.data(), {ActivationKind::tanh}};
    kernel.per_feature(p, layout, x.data(), y.data(), whole(layout));
    for (Index g = 0; g < 2; ++g)
      for (Index f = 0; f < n; ++f)
        for (Index h = 0; h < layout.height; ++h)
          for (Index w = 0; w < layout.pitch; ++w) {
            const Index at = layout.at(g, f, h, w);
            double want = double(x[at]) * scale[f] + shift[f];
            want = std::tanh(want < 0 ? want * slope[f] : want);
            ASSERT_NEAR(y[at], w < layout.width ? want : 0, 5e-7) << g << " " << f << " " << h << " " << w;
          }
  }
}

TEST_P(Pointwise, PerColumnCombinesEveryFeatureWithOneNumberAColumn) {
  const Index n = 5;
  for (const Layout& layout :
       {test::panels(2, n, 1, 37, 37), test::nchw(2, n, 5, 7), test::planes(2, n, 5, 7, 1)}) {
    Guarded x(test::floats_of(layout)), y(test::floats_of(layout)), b(2 * layout.columns());
    x.randomize(1), b.randomize(2);
    kernel.per_column(BinaryKind::mul, layout, x.data(), b.data(), layout.columns(), y.data(), whole(layout));
    for (Index g = 0; g < 2; ++g)
      for (Index f = 0; f < n; ++f)
        for (Index h = 0; h < layout.height; ++h)
          for (Index w = 0; w < layout.pitch; ++w) {
            const Index at = layout.at(g, f, h, w);
            const double want = double(x[at]) * b[g * layout.columns() + h * layout.pitch + w];
            ASSERT_NEAR(y[at], w < layout.width ? want : 0, 1e-7) << g << " " << f << " " << h << " " << w;
          }
  }
}

TEST(PointwiseList, BestFollowsTheFeaturesAndEveryActivationHasATile) {
  EXPECT_EQ(best(Features::none).name, "pointwise/reference");
  EXPECT_EQ(best(Features::avx2).name, "pointwise/avx2");
  EXPECT_EQ(best(Features::avx2 | Features::avx512).name, "pointwise/avx512");
  for (int kind = 0; kind < kActivationKinds; ++kind)
    EXPECT_NE(tile_activation(static_cast<ActivationKind>(kind), Features::none), nullptr);
}
