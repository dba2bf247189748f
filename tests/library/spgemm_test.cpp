// C = A B, all sparse, against f64: |error| <= (s + 1) 2^-24 sum |a b|, and the exact pattern.
#include "tulle/spgemm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "formats/generate.hpp"
#include "support/tsan.hpp"

using namespace tulle;

namespace {
struct Sum {
  double value = 0, size = 0;
  int products = 0;
};

void expect_right(const Csr& a, const Csr& b, const Csr& c, const Csr* mask) {
  check(c.view());  // rising columns, sound offsets
  for (std::size_t i = 0; i < static_cast<std::size_t>(a.rows); ++i) {
    std::map<std::int32_t, Sum> row;
    std::set<std::int32_t> wanted;
    if (mask)
      wanted.insert(mask->columns.begin() + mask->offsets[i], mask->columns.begin() + mask->offsets[i + 1]);
    for (auto e = static_cast<std::size_t>(a.offsets[i]); e < static_cast<std::size_t>(a.offsets[i + 1]);
         ++e) {
      const auto p = static_cast<std::size_t>(a.columns[e]);
      for (auto f = static_cast<std::size_t>(b.offsets[p]); f < static_cast<std::size_t>(b.offsets[p + 1]);
           ++f) {
        if (mask && !wanted.contains(b.columns[f])) continue;
        Sum& s = row[b.columns[f]];
        const double product = double(a.values[e]) * b.values[f];
        s.value += product, s.size += std::abs(product), ++s.products;
      }
    }
    ASSERT_EQ(c.offsets[i + 1] - c.offsets[i], std::ssize(row)) << "row " << i;
    auto at = static_cast<std::size_t>(c.offsets[i]);
    for (const auto& [j, s] : row) {
      ASSERT_EQ(c.columns[at], j) << "row " << i;
      ASSERT_LE(std::abs(c.values[at] - s.value), 1.1 * (s.products + 1) * std::ldexp(s.size, -24))
          << "row " << i << ", column " << j;
      ++at;
    }
  }
}
}  // namespace

TEST(Spgemm, IsRightAtAnyShapeWithAndWithoutAMask) {
  for (const std::string& kernel : spgemm_kernels())
    for (Index rows : {0, 37})
      for (Index inner : {0, 5, 61})
        for (Index cols : {0, 1, 43, 600001, 9000001})  // cells for all; tables; bits for all no more
          for (double zeros : {0.5, 0.97, 1.0}) {
            const bool wide = cols > 1000;
            const double thin = wide ? 1 - 50.0 / static_cast<double>(cols) : zeros,
                         wanted = wide ? 1 - 900.0 / static_cast<double>(cols) : 0.6;
            const Csr a = generate::uniform(rows, inner, zeros, 1),
                      b = generate::uniform(inner, cols, thin, 2),
                      mask = generate::uniform(rows, cols, wanted, 3);
            SCOPED_TRACE(testing::Message() << kernel << " " << rows << " " << inner << " " << cols);
            ASSERT_NO_FATAL_FAILURE(
                expect_right(a, b, multiply(a.view(), b.view(), {.kernel = kernel}), nullptr));
            ASSERT_NO_FATAL_FAILURE(expect_right(
                a, b, multiply(a.view(), b.view(), {.mask = mask.view(), .kernel = kernel}), &mask));
          }
}

TEST(Spgemm, MixesLongRowsAndShortOnes) {  // cells for all columns and tables in turn
  const Csr a = generate::power_law(60, 300, 0.9, 1.5, 0.5, 4), b = generate::uniform(300, 600001, 0.9999, 5);
  ASSERT_NO_FATAL_FAILURE(expect_right(a, b, multiply(a.view(), b.view()), nullptr));
}

TEST(Spgemm, GivesTheSameBitsForAnyThreads) {
  SKIP_UNDER_TSAN();
  const Csr a = generate::power_law(201, 103, 0.9, 1.2, 0.5, 6), b = generate::uniform(103, 157, 0.9, 7);
  const Csr one = multiply(a.view(), b.view());
  for (int threads : {2, 3, 300})
    EXPECT_EQ(multiply(a.view(), b.view(), {.threads = threads}), one) << threads;
}

TEST(Spgemm, TakesNewValuesInOldPatterns) {
  Csr a = generate::uniform(40, 50, 0.9, 8), b = generate::uniform(50, 30, 0.9, 9);
  const SpgemmPlan plan = plan_spgemm(a.view(), b.view());
  Csr c = multiply(a.view(), b.view());
  generate::fill_values(a.values, 10);
  generate::fill_values(b.values, 11);
  for (int i = 0; i < 2; ++i) plan.run(a.values, b.values, c.values);
  ASSERT_NO_FATAL_FAILURE(expect_right(a, b, c, nullptr));
}

TEST(Spgemm, SaysWhatItRefuses) {
  const Csr a = generate::uniform(6, 5, 0.5, 1), b = generate::uniform(4, 3, 0.5, 1);
  const auto refusal = [](const Csr& left, const Csr& right, const SpgemmOptions& o) -> std::string {
    try {
      plan_spgemm(left.view(), right.view(), o);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(refusal(a, b, {}), "spgemm: A has 5 columns, B 4 rows; want as many");
  const Csr square = generate::uniform(5, 5, 0.5, 1);
  EXPECT_EQ(refusal(a, square, {.mask = b.view()}), "spgemm: mask: is 4 x 3; want 6 x 5, as C");
  EXPECT_EQ(refusal(a, square, {.threads = 0}), "spgemm: threads: 0; want 1 to 1024");
}
