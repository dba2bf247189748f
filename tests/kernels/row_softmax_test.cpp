#include <gtest/gtest.h>

#include <cmath>

#include "kernels/row_softmax/kernel.hpp"
#include "support/guarded.hpp"
#include "support/kernel_list.hpp"

using namespace tulle;
using namespace tulle::row_softmax;
using test::Guarded;

namespace {
class RowSoftmax : public test::EveryKernel<Kernel> {};
INSTANTIATE_TEST_SUITE_P(Kernels, RowSoftmax, testing::ValuesIn(kernels().begin(), kernels().end()));

const std::vector<Index> kOffsets{0, 0, 1, 17, 17, 49, 51, 131};
constexpr Index kRows = 7;

void expect(float scale, Guarded& x, Guarded& y) {
  for (std::size_t i = 0; i < kRows; ++i) {
    double top = -1e300, total = 0;
    for (Index p = kOffsets[i]; p < kOffsets[i + 1]; ++p) top = std::max(top, double(scale) * x[p]);
    for (Index p = kOffsets[i]; p < kOffsets[i + 1]; ++p) total += std::exp(double(scale) * x[p] - top);
    for (Index p = kOffsets[i]; p < kOffsets[i + 1]; ++p) {
      const double want = std::exp(double(scale) * x[p] - top) / total;
      const double size =
          std::abs(double(scale) * x[p]) + std::abs(top);  // roundings of scale x and of the exponent
      ASSERT_NEAR(y[p], want, want * (3 * size * 0x1p-24 + 1e-6)) << "entry " << p;
    }
  }
}
}  // namespace

TEST_P(RowSoftmax, MatchesTheDefinitionInPlaceAndNot) {
  for (const float scale : {1.0f, 0.125f, -2.0f}) {
    Guarded x(131), y(131);
    x.randomize(1, -20, 20);
    kernel.run(kOffsets, scale, x.data(), y.data(), 0, kRows);
    expect(scale, x, y);
    Guarded in_place(131);
    std::copy_n(x.data(), 131, in_place.data());
    for (Index i = kRows - 1; i >= 0; --i)
      kernel.run(kOffsets, scale, in_place.data(), in_place.data(), i, i + 1);
    for (Index p = 0; p < 131; ++p) EXPECT_EQ(in_place[p], y[p]);
  }
}

TEST_P(RowSoftmax, AbsentAndInfinitelySmallEntriesGiveZeros) {
  Guarded x(131), y(131);
  x.randomize(1);
  for (Index p = 17; p < 49; ++p) x[p] = -INFINITY;
  x[3] = -INFINITY;
  x[49] = std::nanf("");
  kernel.run(kOffsets, 1, x.data(), y.data(), 0, kRows);
  for (Index p = 17; p < 49; ++p) EXPECT_EQ(y[p], 0);
  EXPECT_EQ(y[3], 0);
  EXPECT_GT(y[4], 0);
  EXPECT_TRUE(std::isnan(y[49]) && std::isnan(y[50]));
  EXPECT_FALSE(std::isnan(y[51]));
}
