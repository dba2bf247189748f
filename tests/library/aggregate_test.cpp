// Sum, mean and maximum of neighbours against f64: |error| <= nnz_i 2^-24 sum |a b|, and what is exact.
#include "tulle/aggregate.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "formats/generate.hpp"
#include "support/guarded.hpp"
#include "support/tsan.hpp"

using namespace tulle;
using test::Guarded;

namespace {
using enum Reduction;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// B and C end at pages nobody may touch; C and the gaps between rows are full of rubbish.
struct Case {
  Case(Csr matrix, Index columns, AggregateOptions o, Index gap = 0)
      : a(std::move(matrix)),
        n(columns),
        ld(n + gap),
        options(std::move(o)),
        b(std::max<Index>(0, a.cols * ld - gap)),
        c(std::max<Index>(0, a.rows * ld - gap)) {
    b.randomize(3);
    c.randomize(4);
    before.assign(c.data(), c.data() + c.size());
  }
  /// False if the kernel refuses or needs another CPU.
  bool run() {
    try {
      const AggregatePlan plan = plan_aggregate(a.view(), n, options);
      plan.run(DenseView{b.data(), a.cols, n, ld}, MutableDenseView{c.data(), a.rows, n, ld});
      return true;
    } catch (const Error& e) {
      if (!options.kernel.empty()) return false;
      throw;
    }
  }
  float at(Index i, Index j) { return c[i * ld + j]; }

  void expect_right() {
    for (Index i = 0; i < a.rows; ++i)
      for (Index j = 0; j < n; ++j) ASSERT_NO_FATAL_FAILURE(expect_right(i, j));
    for (Index k = 0; k < c.size(); ++k)
      ASSERT_TRUE(k % ld < n || c[k] == before[static_cast<std::size_t>(k)]) << "float " << k;
  }
  void expect_right(Index i, Index j) {
    const auto first = static_cast<std::size_t>(a.offsets[static_cast<std::size_t>(i)]),
               last = static_cast<std::size_t>(a.offsets[static_cast<std::size_t>(i) + 1]);
    const auto entries = static_cast<double>(last - first);
    double sum = 0, size = 0, top = first == last ? 0 : -INFINITY;
    for (std::size_t e = first; e < last; ++e) {
      const double term = (options.weighted ? double(a.values[e]) : 1) * b[a.columns[e] * ld + j];
      sum += term, size += std::abs(term), top = std::max(top, term);
    }
    double want = options.reduction == max ? top : sum;
    double bound = 1.1 * (options.reduction == max ? 1 : entries) * std::ldexp(size, -24);
    if (options.reduction == mean && first < last)
      want /= entries, bound = 1.1 * bound / entries + std::ldexp(std::abs(want), -24);
    ASSERT_LE(std::abs(at(i, j) - want), bound)
        << "row " << i << ", column " << j << ": " << at(i, j) << ", want " << want;
  }

  Csr a;
  Index n, ld;
  AggregateOptions options;
  Guarded b, c;
  std::vector<float> before;
};

class Aggregate : public testing::TestWithParam<std::string> {
 protected:
  void check(Case test) {
    test.options.kernel = GetParam();
    if (!test.run()) return;
    ++accepted;
    SCOPED_TRACE(testing::Message() << test.a.rows << " x " << test.a.cols << ", n " << test.n << ", ld "
                                    << test.ld << ", reduction " << int(test.options.reduction)
                                    << ", weighted " << test.options.weighted << ", threads "
                                    << test.options.threads);
    ASSERT_NO_FATAL_FAILURE(test.expect_right());
  }
  void TearDown() override {
    if (!accepted && !IsSkipped() && !HasFatalFailure()) GTEST_SKIP() << GetParam() << " refuses here";
  }
  int accepted = 0;
};
std::string readable(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(Kernels, Aggregate, testing::ValuesIn(aggregate_kernels()), readable);

#ifdef __SANITIZE_THREAD__
constexpr int kThreads = 1;  // it does not know libgomp's barriers
#else
constexpr int kThreads = 2;
#endif

/// B is larger than any L2 cache, of many entries for each of its rows.
Csr large() {
  return generate::power_law(2000, 12000, 0.996, 0.6, 0.5, 1);
}
/// Rows of 1, 2 and 3 pieces, and short ones between them.
Csr with_hubs() {
  Csr a{7, 6000, {0}, {}, {}};
  for (Index length : {3, 6000, 0, 2048, 2049, 5, 4097}) {
    for (Index e = 0; e < length; ++e) a.columns.push_back(static_cast<std::int32_t>(e * 6000 / length));
    a.offsets.push_back(std::ssize(a.columns));
  }
  a.values.resize(a.columns.size());
  generate::fill_values(a.values, 7);
  return a;
}
}  // namespace

TEST_P(Aggregate, IsRightAtAnyWidth) {
  const Csr a = generate::power_law(47, 61, 0.85, 1, 0.5, 1);
  for (Index n : {1, 7, 15, 16, 17, 33, 64, 100, 130, 255})
    for (Index gap : {0, 1, 19})
      for (Reduction reduction : {sum, mean, max})
        for (bool weighted : {true, false})
          for (int threads = 1; threads <= kThreads; ++threads)
            ASSERT_NO_FATAL_FAILURE(
                check(Case(a, n, {.threads = threads, .reduction = reduction, .weighted = weighted}, gap)));
}

TEST_P(Aggregate, IsRightAtAnyShape) {
  for (Index rows : {0, 1, 31})
    for (Index cols : {0, 1, 57})
      for (double zeros : {0.0, 0.9, 1.0})
        for (Index n : {0, 1, 40})
          for (Reduction reduction : {sum, mean, max})
            ASSERT_NO_FATAL_FAILURE(
                check(Case(generate::uniform(rows, cols, zeros, 2), n, {.reduction = reduction})));
}

TEST_P(Aggregate, IsRightWhereBIsBeyondTheCache) {
  if (GetParam() == "aggregate/reference") GTEST_SKIP() << "too slow";
  for (Index n : {65, 96})
    for (Reduction reduction : {sum, mean, max})
      ASSERT_NO_FATAL_FAILURE(check(Case(large(), n, {.reduction = reduction}, n % 2)));
}

TEST_P(Aggregate, PutsHubsTogether) {
  for (Index n : {1, 40, 128})
    for (Reduction reduction : {sum, mean, max})
      for (bool weighted : {true, false})
        for (int threads = 1; threads <= kThreads; ++threads)
          ASSERT_NO_FATAL_FAILURE(check(
              Case(with_hubs(), n, {.threads = threads, .reduction = reduction, .weighted = weighted})));
}

TEST_P(Aggregate, GivesAbsentEntriesNoPartAndNaNItsDue) {
  for (Reduction reduction : {sum, mean, max})
    for (bool weighted : {true, false}) {
      Case test(generate::uniform(40, 50, 0.9, 6), 20,
                {.reduction = reduction, .weighted = weighted, .kernel = GetParam()});
      const Index hostile = test.a.columns[0];
      for (Index j = 0; j < test.n; ++j) test.b[hostile * test.ld + j] = j % 2 ? std::nanf("") : -kInfinity;
      if (!test.run()) continue;
      ++accepted;
      for (Index i = 0; i < test.a.rows; ++i) {
        const auto begin = test.a.columns.begin() + test.a.offsets[static_cast<std::size_t>(i)],
                   end = test.a.columns.begin() + test.a.offsets[static_cast<std::size_t>(i) + 1];
        const auto found = std::find(begin, end, hostile);
        for (Index j = 0; j < test.n; ++j) {
          const float value = weighted && found != end
                                  ? test.a.values[static_cast<std::size_t>(found - test.a.columns.begin())]
                                  : 1;
          if (found == end)
            ASSERT_TRUE(std::isfinite(test.at(i, j))) << i << " " << j;
          else if (j % 2)
            ASSERT_TRUE(std::isnan(test.at(i, j))) << i << " " << j;
          else if (reduction == max && value > 0)
            ASSERT_EQ(std::isfinite(test.at(i, j)), end - begin > 1) << i << " " << j;
          else
            ASSERT_TRUE(std::isinf(test.at(i, j))) << i << " " << j;
        }
      }
    }
}

TEST_P(Aggregate, FindsTheMaximumOfNegativeNumbers) {
  Case test(generate::uniform(30, 40, 0.8, 8), 21,
            {.reduction = max, .weighted = false, .kernel = GetParam()});
  for (Index k = 0; k < test.b.size(); ++k) test.b[k] = -1 - std::abs(test.b[k]);
  if (!test.run()) return;
  ++accepted;
  ASSERT_NO_FATAL_FAILURE(test.expect_right());
}

TEST(Aggregates, HaveTheSameBitsForAnyThreadsAndKernel) {
  SKIP_UNDER_TSAN();
  for (const Csr& a : {with_hubs(), large()})
    for (Reduction reduction : {sum, mean, max})
      for (Index n : {65, 128}) {
        std::vector<float> first;
        for (const std::string& kernel : aggregate_kernels())
          for (int threads : {1, 2, 3}) {
            if (kernel == "aggregate/reference") continue;
            Case test(a, n, {.threads = threads, .reduction = reduction, .kernel = kernel});
            if (!test.run()) continue;
            const std::vector<float> got(test.c.data(), test.c.data() + test.c.size());
            if (first.empty()) first = got;
            ASSERT_EQ(got, first) << kernel << ", threads " << threads << ", n " << n;
          }
      }
}

TEST(Aggregates, SayWhyAndWhatTheyRefuse) {
  const Csr a = generate::uniform(6, 5, 0.5, 1);
  const AggregatePlan plan = plan_aggregate(a.view(), 3);
  EXPECT_NE(plan.why().find("entries a row"), std::string::npos) << plan.why();
  EXPECT_GT(plan.bytes(), 0u);
  std::vector<float> b(15), c(18);
  const auto refusal = [](auto call) -> std::string {
    try {
      call();
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(refusal([&] {
              plan.run({b.data(), 5, 3, 2}, {c.data(), 6, 3, 3});
            }),
            "aggregate: B has ld 2; want at least 3");
  EXPECT_EQ(refusal([&] {
              plan.run({b.data(), 4, 3, 3}, {c.data(), 6, 3, 3});
            }),
            "aggregate: B is 4 x 3; want 5 x 3");
  EXPECT_EQ(refusal([&] { plan.run(c.data(), c.data()); }), "aggregate: B and C overlap");
  EXPECT_EQ(refusal([&] { plan_aggregate(a.view(), -1); }), "aggregate: n is -1");
  EXPECT_EQ(refusal([&] { plan_aggregate(a.view(), 1, {.kernel = "x"}); }),
            "aggregate: there is no kernel 'x'");
  EXPECT_EQ(refusal([&] { plan_aggregate(a.view(), 1, {.threads = 0}); }),
            "aggregate: 0 threads; want 1 to 1024");
}

TEST(SegmentReduce, IsTheReductionOfEachSegment) {
  for (Index n : {1, 5, 33})
    for (Reduction reduction : {sum, mean, max})
      for (int threads = 1; threads <= kThreads; ++threads) {
        const std::vector<std::int32_t> ids{0, 0, 0, 2, 5, 5, 5, 5};
        Csr a{7, 8, {0, 3, 3, 4, 4, 4, 8, 8}, {0, 1, 2, 3, 4, 5, 6, 7}, std::vector<float>(8, 1.0f)};
        Case test(a, n, {.threads = threads, .reduction = reduction, .weighted = false}, 2);
        segment_reduce(ids, reduction, {test.b.data(), 8, n, n + 2}, {test.c.data(), 7, n, n + 2}, threads);
        ASSERT_NO_FATAL_FAILURE(test.expect_right());
      }
}

TEST(SegmentReduce, SaysWhatItRefuses) {
  std::vector<float> b(9), c(9);
  const auto refusal = [&](std::vector<std::int32_t> ids) -> std::string {
    try {
      segment_reduce(ids, sum, {b.data(), 3, 3, 3}, {c.data(), 3, 3, 3});
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(refusal({0, 1, 3}), "segment_reduce: row 2 has id 3; there are 3 segments");
  EXPECT_EQ(refusal({0, -1, 2}), "segment_reduce: row 1 has id -1; there are 3 segments");
  EXPECT_EQ(refusal({1, 0, 2}), "segment_reduce: row 1 has id 0 after 1; want ids that do not fall");
  EXPECT_EQ(refusal({0, 1}), "segment_reduce: B is 3 x 3; want 2 x 3");
}
