// Every kernel behind plan_spmm against f64: |error| <= (nnz + 4) 2^-24 sum |a b| and what else is added.
#include "tulle/spmm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "core/cpu.hpp"
#include "formats/generate.hpp"
#include "kernels/pointwise/scalar.hpp"
#include "support/guarded.hpp"
#include "support/named_kernel.hpp"
#include "support/temp_folder.hpp"
#include "support/tsan.hpp"

using namespace tulle;
using test::Guarded;

namespace {
using enum DenseOrder;

Index at(DenseOrder order, Index ld, Index i, Index j) {
  if (order == panels) return j / kLanes * ld + i * kLanes + j % kLanes;
  return order == tokens ? j * ld + i : i * ld + j;
}

/// A product with operands that end at pages nobody may touch, C full of rubbish.
struct Case {
  Case(Csr matrix, Index columns, SpmmOptions o, Index gap = 0)
      : a(std::move(matrix)),
        n(columns),
        options(std::move(o)),
        ldb(natural_ld(options.b_order, a.cols, n) + gap),
        ldc(natural_ld(options.c_order, a.rows, n) + gap),
        b(extent(options.b_order, a.cols, n, ldb)),
        c(extent(options.c_order, a.rows, n, ldc)),
        r(extent(options.c_order, a.rows, n, ldc)) {
    b.randomize(3);
    c.randomize(4);
    r.randomize(5);
    before.assign(c.data(), c.data() + c.size());
  }
  SpmmPlan plan() const { return plan_spmm(a.view(), n, options); }
  DenseView b_view() { return {b.data(), a.cols, n, ldb}; }
  MutableDenseView c_view() { return {c.data(), a.rows, n, ldc}; }
  DenseView r_view() { return {options.residual ? r.data() : nullptr, a.rows, n, ldc}; }
  void run(const SpmmPlan& p) { p.run(b_view(), c_view(), r_view()); }

  /// Nothing but the elements of C was written; panels are written whole.
  void expect_gaps_untouched() {
    if (options.c_order == panels) return;
    std::vector<bool> mine(static_cast<std::size_t>(c.size()));
    for (Index i = 0; i < a.rows; ++i)
      for (Index j = 0; j < n; ++j) mine[static_cast<std::size_t>(at(options.c_order, ldc, i, j))] = true;
    for (Index k = 0; k < c.size(); ++k)
      ASSERT_TRUE(mine[static_cast<std::size_t>(k)] || c[k] == before[static_cast<std::size_t>(k)])
          << "float " << k;
  }
  void expect_right() {
    for (Index i = 0; i < a.rows; ++i)
      for (Index j = 0; j < n; ++j) ASSERT_NO_FATAL_FAILURE(expect_right(i, j));
    expect_gaps_untouched();
  }
  void expect_right(Index i, Index j) {
    const Index to = at(options.c_order, ldc, i, j);
    double sum = 0, size = 0;
    const auto add = [&](double x) { sum += x, size += std::abs(x); };
    if (options.alpha != 0)
      for (Index e = a.offsets[i]; e < a.offsets[i + 1]; ++e)
        add(double(options.alpha) * a.values[e] * b[at(options.b_order, ldb, a.columns[e], j)]);
    if (!options.bias.empty()) add(options.bias[i]);
    if (options.residual) add(r[to]);
    if (options.beta != 0) add(double(options.beta) * before[static_cast<std::size_t>(to)]);
    const double want = pointwise::activate(options.activation, sum);
    const double length = static_cast<double>(a.offsets[i + 1] - a.offsets[i]);
    const bool curved = options.activation.kind > ActivationKind::leaky_relu;
    const double bound =
        1.2 * (length + 4) * std::ldexp(size, -24) + (curved ? 1e-6 * std::max(1.0, std::abs(want)) : 0);
    ASSERT_LE(std::abs(c[to] - want), bound)
        << "row " << i << ", column " << j << ": " << c[to] << ", want " << want;
  }

  Csr a;
  Index n;
  SpmmOptions options;
  Index ldb, ldc;
  Guarded b, c, r;
  std::vector<float> before;
};

class Spmm : public test::NamedKernel {
 protected:
  /// Plans with this kernel; nothing if it refuses the case or needs another CPU.
  void check(Case test) {
    test.options.kernel = GetParam();
    std::optional<SpmmPlan> plan;
    try {
      plan.emplace(test.plan());
    } catch (const Error&) {
      return;
    }
    ++accepted;
    test.run(*plan);
    SCOPED_TRACE(testing::Message() << test.a.rows << " x " << test.a.cols << ", n " << test.n << ", orders "
                                    << int(test.options.b_order) << " " << int(test.options.c_order)
                                    << ", threads " << test.options.threads);
    ASSERT_NO_FATAL_FAILURE(test.expect_right());
  }
};

INSTANTIATE_TEST_SUITE_P(Kernels, Spmm, testing::ValuesIn(spmm_kernels()), test::readable);

#ifdef __SANITIZE_THREAD__
constexpr int kThreads = 1;  // it does not know libgomp's barriers
#else
constexpr int kThreads = 2;
#endif
}  // namespace

TEST_P(Spmm, IsRightAtAnyWidthInAnyOrder) {
  const Csr a = generate::uniform(47, 61, 0.8, 1);
  for (Index n : {1, 2, 7, 8, 15, 16, 17, 33, 130})
    for (DenseOrder b : {row_major, tokens, panels})
      for (DenseOrder c : {row_major, tokens, panels})
        for (int threads = 1; threads <= kThreads; ++threads)
          ASSERT_NO_FATAL_FAILURE(check(Case(a, n, {.threads = threads, .b_order = b, .c_order = c})));
}

TEST_P(Spmm, IsRightAtAnyShapeAndSparsity) {
  for (Index rows : {1, 2, 31, 130})
    for (Index cols : {1, 5, 64, 257})
      for (double zeros : {0.0, 0.5, 0.97, 1.0})
        for (Index n : {1, 20})
          ASSERT_NO_FATAL_FAILURE(check(Case(generate::uniform(rows, cols, zeros, 2), n, {})));
}

TEST_P(Spmm, LeavesWhatLiesBetweenRowsAlone) {
  const Csr a = generate::uniform(33, 29, 0.7, 3);
  for (Index gap : {1, 16, 21})
    for (DenseOrder order : {row_major, tokens, panels})
      for (Index n : {5, 16, 35}) {
        Case planned(a, n, {.b_order = order, .c_order = order}, gap);
        planned.options.ldb = planned.ldb;
        planned.options.ldc = planned.ldc;
        planned.options.kernel = GetParam();
        Case unplanned(a, n, {.b_order = order, .c_order = order}, gap);
        for (Case* test : {&planned, &unplanned}) {
          test->options.kernel = GetParam();
          try {
            test->run(test->plan());
          } catch (const Error&) {
            continue;
          }
          ++accepted;
          ASSERT_NO_FATAL_FAILURE(test->expect_right()) << "gap " << gap << ", n " << n;
        }
      }
}

TEST_P(Spmm, AddsAndBends) {
  const Csr a = generate::uniform(37, 40, 0.75, 4);
  std::vector<float> bias(37);
  generate::fill_values(bias, 5);
  using enum ActivationKind;
  for (Activation f :
       {Activation{}, {relu}, {clip, -0.5f, 0.75f}, {leaky_relu, 0.1f}, {gelu}, {sigmoid}, {tanh}})
    for (float alpha : {1.0f, -2.5f, 0.0f})
      for (float beta : {0.0f, 1.0f, 0.5f})
        for (bool residual : {false, true})
          for (DenseOrder order : {row_major, tokens, panels})
            for (Index n : {3, 19}) {
              SpmmOptions o{.b_order = order, .c_order = order, .alpha = alpha, .beta = beta};
              if (residual) o.bias = bias;
              o.residual = residual;
              o.activation = f;
              ASSERT_NO_FATAL_FAILURE(check(Case(a, n, o)));
            }
}

TEST_P(Spmm, DoesNotReadTheOldC) {
  Case test(generate::uniform(20, 30, 0.9, 5), 24, {});
  for (Index i = 0; i < test.c.size(); ++i) test.c[i] = std::nanf("");
  ASSERT_NO_FATAL_FAILURE(check(Case(test.a, 24, {})));
  test.options.kernel = GetParam();
  try {
    test.run(test.plan());
  } catch (const Error&) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(test.expect_right());
}

TEST_P(Spmm, GivesAbsentEntriesNoPartInTheSum) {
  for (Index n : {1, 4, 20})
    for (DenseOrder order : {row_major, tokens}) {
      Case hostile(generate::uniform(40, 50, 0.98, 6), n,
                   {.b_order = order, .c_order = order, .finite = false});
      hostile.options.kernel = GetParam();
      const Index row = hostile.a.columns[0];  // only rows of C with an entry there may see it
      for (Index j = 0; j < n; ++j)
        hostile.b[at(order, hostile.ldb, row, j)] =
            j % 2 ? std::numeric_limits<float>::infinity() : std::nanf("");
      try {
        hostile.run(hostile.plan());
      } catch (const Error&) {
        continue;
      }
      ++accepted;
      for (Index i = 0; i < hostile.a.rows; ++i) {
        bool meets = false;
        for (Index e = hostile.a.offsets[i]; e < hostile.a.offsets[i + 1]; ++e)
          meets |= hostile.a.columns[e] == row;
        for (Index j = 0; j < n; ++j)
          ASSERT_EQ(std::isfinite(hostile.c[at(order, hostile.ldc, i, j)]), !meets)
              << "row " << i << ", n " << n;
      }
    }
}

TEST_P(Spmm, GivesTheSameBitsForAnyThreads) {
  SKIP_UNDER_TSAN();
  for (Index n : {1, 16, 40, 150})
    for (DenseOrder order : {row_major, tokens, panels}) {
      std::vector<std::vector<float>> results;
      for (int threads : {1, 2, 3}) {
        Case test(generate::uniform(101, 67, 0.8, 7), n,
                  {.threads = threads, .b_order = order, .c_order = order});
        test.options.kernel = GetParam();
        try {
          test.run(test.plan());
        } catch (const Error&) {
          continue;
        }
        ++accepted;
        std::vector<float>& kept = results.emplace_back();
        for (Index i = 0; i < test.a.rows; ++i)
          for (Index j = 0; j < n; ++j) kept.push_back(test.c[at(order, test.ldc, i, j)]);
        ASSERT_EQ(kept, results.front()) << threads << " threads, n " << n;
      }
    }
}

TEST(SpmmPlans, AreRightWhicheverKernelWins) {
  for (Index n : {1, 8, 33, 64})
    for (double zeros : {0.0, 0.6, 0.99}) {
      Case test(generate::uniform(64, 96, zeros, 8), n, {});
      const SpmmPlan plan = test.plan();
      test.run(plan);
      ASSERT_NO_FATAL_FAILURE(test.expect_right()) << plan.kernel();
      EXPECT_FALSE(plan.why().empty());
      EXPECT_GT(plan.bytes(), 0u);
    }
}

TEST(SpmmPlans, TimeADenseKernelTooWhereTheyAreThorough) {
  const Csr a = generate::uniform(96, 96, 0.8, 9);
  const SpmmPlan plan = plan_spmm(a.view(), 48, {.thorough = true});
  bool dense = false, sparse = false, winner = false;
  for (const KernelChoice& c : plan.candidates()) {
    EXPECT_TRUE(c.refusal.empty() || c.time_us == 0) << c.name;
    if (c.time_us > 0) (c.sparse ? sparse : dense) = true;
    winner |= c.name == plan.kernel();
  }
  EXPECT_TRUE(winner);
  EXPECT_TRUE((dense && sparse) || !contains(cpu_features(), Features::avx2));
}

TEST(SpmmPlans, AskDenseKernelsOnlyWhenTold) {
  const Csr a = generate::uniform(64, 64, 0.9, 9);
  const SpmmPlan plan = plan_spmm(a.view(), 32, {.sparse = false});
  for (const KernelChoice& c : plan.candidates())
    EXPECT_TRUE(!c.sparse || c.name.ends_with("/reference") || c.time_us == 0) << c.name;
}

TEST(SpmmPlans, TakeNothing) {
  for (auto [rows, cols, n] : {std::array<Index, 3>{0, 5, 4}, {5, 0, 4}, {5, 4, 0}, {0, 0, 0}}) {
    Case test(generate::uniform(rows, cols, 0.5, 1), n, {.residual = true});
    const SpmmPlan plan = test.plan();
    test.run(plan);
    ASSERT_NO_FATAL_FAILURE(test.expect_right());
  }
}

TEST(SpmmPlans, RunInManyThreadsAtOnceAndMove) {
  Case test(generate::uniform(70, 50, 0.8, 10), 40, {.c_order = tokens});
  SpmmPlan first = test.plan();
  const SpmmPlan plan = std::move(first);
  const std::size_t count = static_cast<std::size_t>(test.c.size());
  std::vector<std::vector<float>> results(4, std::vector<float>(count));
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) plan.run(test.b.data(), result.data());
    });
  for (std::thread& t : threads) t.join();
  test.run(plan);
  ASSERT_NO_FATAL_FAILURE(test.expect_right());
  for (const auto& result : results) EXPECT_TRUE(std::equal(result.begin(), result.end(), test.c.data()));
}

TEST(SpmmPlans, MayTakeCAsTheResidual) {
  for (DenseOrder order : {row_major, tokens, panels}) {
    Case test(generate::uniform(30, 40, 0.8, 11), 35, {.b_order = order, .c_order = order, .residual = true});
    std::copy_n(test.c.data(), test.c.size(), test.r.data());
    test.plan().run(test.b_view(), test.c_view(), test.c_view());
    ASSERT_NO_FATAL_FAILURE(test.expect_right());
  }
}

TEST(SpmmPlans, SayWhatTheyRefuse) {
  const Csr a = generate::uniform(6, 5, 0.5, 1);
  const auto planned = [&](Index n, const SpmmOptions& o) {
    return test::message_of<Error>([&] { plan_spmm(a.view(), n, o); });
  };
  const std::vector<float> bias(4);
  EXPECT_EQ(planned(-1, {}), "spmm: n: is -1; want at least 0");
  EXPECT_EQ(planned(4, {.threads = 0}), "spmm: threads: 0; want 1 to 1024");
  EXPECT_EQ(planned(4, {.ldb = 3}), "spmm: ldb: is 3; want at least 4");
  EXPECT_EQ(planned(4, {.bias = bias}), "spmm: bias: has 4 values; want 6, one per row of C");
  EXPECT_EQ(planned(4, {.dtype = DType::i64}), "spmm: dtype: no kernel computes in i64");
  EXPECT_EQ(planned(4, {.kernel = "linear/none"}),
            "spmm: kernel: there is no 'linear/none'; see spmm_kernels()");
  EXPECT_EQ(planned(40, {.kernel = "spmv/reference"}), "spmm: kernel spmv/reference: n = 40 is more than 8");
  EXPECT_NE(planned(Index{1} << 60, {}), "");
  Csr broken = a;
  broken.columns.front() = 99;
  EXPECT_NE(test::message_of<Error>([&] { plan_spmm(broken.view(), 4); }), "");
}

TEST(SpmmRuns, SayWhatTheyRefuse) {
  Case test(generate::uniform(6, 5, 0.5, 1), 4, {});
  const SpmmPlan plan = test.plan();
  const auto run = [&](DenseView b, MutableDenseView c, DenseView r = {}) {
    return test::message_of<Error>([&] { plan.run(b, c, r); });
  };
  const float* b = test.b.data();
  float* c = test.c.data();
  EXPECT_EQ(run({b, 4, 4, 4}, test.c_view()), "spmm: B is 4 x 4; the plan wants 5 x 4");
  EXPECT_EQ(run(test.b_view(), {c, 6, 4, 3}), "spmm: C has ld 3; want at least 4");
  EXPECT_EQ(run({nullptr, 5, 4, 4}, test.c_view()), "spmm: B has no data");
  EXPECT_EQ(run({c + 1, 5, 4, 4}, test.c_view()), "spmm: C overlaps B");
  EXPECT_EQ(run(test.b_view(), test.c_view(), {b, 6, 4, 4}),
            "spmm: a residual is given, but the plan has none (SpmmOptions::residual)");
}
