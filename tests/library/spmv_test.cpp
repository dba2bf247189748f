// Every kernel behind plan_spmv against f64: |error| <= (nnz + 4) 2^-24 sum |a x| and what else is added.
#include "tulle/spmv.hpp"

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
/// A product with vectors that end at pages nobody may touch, y full of rubbish.
struct Case {
  Case(Csr matrix, SpmvOptions o)
      : a(std::move(matrix)), options(std::move(o)), x(a.cols), y(a.rows), r(a.rows) {
    x.randomize(3);
    r.randomize(5);
  }
  static std::span<float> span(Guarded& g) { return {g.data(), static_cast<std::size_t>(g.size())}; }
  void run(const SpmvPlan& plan) {
    plan.run(span(x), span(y), options.residual ? span(r) : std::span<float>());
  }
  void run() { run(plan_spmv(a.view(), options)); }

  void expect_right() {
    for (Index i = 0; i < a.rows; ++i) ASSERT_NO_FATAL_FAILURE(expect_right(i));
  }
  void expect_right(Index i) {
    const auto row = static_cast<std::size_t>(i);
    double sum = 0, size = 0;
    const auto add = [&](double v) { sum += v, size += std::abs(v); };
    for (auto e = static_cast<std::size_t>(a.offsets[row]); e < static_cast<std::size_t>(a.offsets[row + 1]);
         ++e)
      add(double(a.values[e]) * x[a.columns[e]]);
    if (!options.bias.empty()) add(options.bias[row]);
    if (options.residual) add(r[i]);
    const double want = pointwise::activate(options.activation, sum);
    const bool curved = options.activation.kind > ActivationKind::leaky_relu;
    const double bound =
        1.2 * (static_cast<double>(a.offsets[row + 1] - a.offsets[row]) + 4) * std::ldexp(size, -24) +
        (curved ? 1e-6 * std::max(1.0, std::abs(want)) : 0);
    ASSERT_LE(std::abs(y[i] - want), bound) << "row " << i << ": " << y[i] << ", want " << want;
  }

  Csr a;
  SpmvOptions options;
  Guarded x, y, r;
};

class Spmv : public test::NamedKernel {
 protected:
  /// Nothing if the kernel refuses the case or needs another CPU.
  void check(const Csr& a, SpmvOptions o) {
    o.kernel = GetParam();
    Case test(a, o);
    try {
      test.run();
    } catch (const Error&) {
      return;
    }
    ++accepted;
    SCOPED_TRACE(testing::Message() << a.rows << " x " << a.cols << ", threads " << o.threads);
    ASSERT_NO_FATAL_FAILURE(test.expect_right());
  }
};

INSTANTIATE_TEST_SUITE_P(Kernels, Spmv, testing::ValuesIn(spmv_kernels()), test::readable);
}  // namespace

TEST_P(Spmv, IsRightAtAnyShapeAndSparsity) {
  for (Index rows : {1, 2, 31, 130})
    for (Index cols : {0, 1, 5, 64, 257})
      for (double zeros : {0.0, 0.5, 0.97, 1.0})
        ASSERT_NO_FATAL_FAILURE(check(generate::uniform(rows, cols, zeros, 2), {}));
}

TEST_P(Spmv, IsRightOnRowsOfUnequalLength) {
  ASSERT_NO_FATAL_FAILURE(check(generate::power_law(301, 203, 0.9, 1.1, 0.5, 7), {}));
  ASSERT_NO_FATAL_FAILURE(check(generate::uniform(40, 70001, 0.99, 8), {}));  // columns that need 32 bits
}

TEST_P(Spmv, AddsAndBends) {
  const Csr a = generate::uniform(37, 40, 0.75, 4);
  std::vector<float> bias(37);
  generate::fill_values(bias, 5);
  using enum ActivationKind;
  for (Activation f :
       {Activation{}, {relu}, {clip, -0.5f, 0.75f}, {leaky_relu, 0.1f}, {gelu}, {sigmoid}, {tanh}})
    for (bool residual : {false, true}) {
      ASSERT_NO_FATAL_FAILURE(check(a, {.residual = residual, .activation = f}));
      ASSERT_NO_FATAL_FAILURE(check(a, {.bias = bias, .residual = residual, .activation = f}));
    }
}

TEST_P(Spmv, GivesAbsentEntriesNoPartInTheSum) {
  Case hostile(generate::uniform(40, 50, 0.9, 6), {.finite = false, .kernel = GetParam()});
  const std::int32_t at = hostile.a.columns[0];
  hostile.x[at] = std::nanf("");
  try {
    hostile.run();
  } catch (const Error&) {
    return;
  }
  ++accepted;
  for (std::size_t i = 0; i < 40; ++i) {
    const auto first = hostile.a.columns.begin() + hostile.a.offsets[i],
               last = hostile.a.columns.begin() + hostile.a.offsets[i + 1];
    EXPECT_EQ(std::isnan(hostile.y[static_cast<Index>(i)]), std::find(first, last, at) != last)
        << "row " << i;
  }
}

TEST_P(Spmv, GivesTheSameBitsForAnyThreads) {
  SKIP_UNDER_TSAN();
  const Csr a = generate::power_law(503, 203, 0.9, 1.1, 0.5, 7);
  std::vector<std::vector<float>> results;
  for (int threads : {1, 2, 3, 7}) {
    Case test(a, {.threads = threads, .kernel = GetParam()});
    try {
      test.run();
    } catch (const Error&) {
      return;
    }
    ++accepted;
    results.emplace_back(test.y.data(), test.y.data() + test.y.size());
    ASSERT_EQ(results.back(), results.front()) << threads << " threads";
  }
}

TEST(SpmvPlans, AreRightWhicheverKernelWinsAndTimeADenseOne) {
  for (double zeros : {0.0, 0.6, 0.99}) {
    Case test(generate::uniform(64, 96, zeros, 8), {});
    const SpmvPlan plan = plan_spmv(test.a.view());
    test.run(plan);
    ASSERT_NO_FATAL_FAILURE(test.expect_right()) << plan.kernel();
    EXPECT_FALSE(plan.why().empty());
    EXPECT_GT(plan.bytes(), 0u);
    bool dense = false;
    for (const KernelChoice& c : plan.candidates()) dense |= !c.sparse && c.time_us > 0;
    EXPECT_TRUE(dense || !contains(cpu_features(), Features::avx2));
  }
}

TEST(SpmvPlans, TakeNarrowValues) {
  for (const DType dtype : {DType::bf16, DType::i8}) {
    Csr a = generate::uniform(70, 90, 0.8, 12);
    for (float& value : a.values) value = std::nearbyint(value * 100);  // exact in both
    Case test(a, {.dtype = dtype});
    for (Index i = 0; i < 90; ++i) test.x[i] = static_cast<float>(i < 89 ? i : -32767);  // in fixed point too
    const SpmvPlan plan = plan_spmv(test.a.view(), test.options);
    test.run(plan);
    ASSERT_NO_FATAL_FAILURE(test.expect_right()) << plan.kernel();
  }
}

TEST(SpmvPlans, ScaleRowsOfWholeNumbers) {
  const Csr a = make_csr(2, 3, {0, 2, 3}, {0, 2, 1}, {-128, 127, 3});
  const std::vector<float> scales{0.5, 2}, x{1, 2, 4};
  std::vector<float> y(2);
  plan_spmv(a.view(), {.dtype = DType::i8, .scales = scales}).run(x, y);
  EXPECT_NEAR(y[0], 190, 0.5 * 255 * 4 * 0x1p-16);
  EXPECT_NEAR(y[1], 12, 2 * 3 * 4 * 0x1p-16);
}

TEST(SpmvPlans, AskDenseKernelsOnlyWhenTold) {
  const Csr a = generate::uniform(64, 64, 0.9, 9);
  const SpmvPlan plan = plan_spmv(a.view(), {.sparse = false});
  for (const KernelChoice& c : plan.candidates())
    EXPECT_TRUE(!c.sparse || c.name.ends_with("/reference") || c.time_us == 0) << c.name;
}

TEST(SpmvPlans, TakeAMatrixFarTooLargeToBeDense) {
  constexpr std::size_t rows = 1 << 20;
  std::vector<Index> offsets(rows + 1, 1);
  offsets[0] = 0;
  Csr a = make_csr(rows, 1 << 20, offsets, {5}, {2});
  std::vector<float> x(rows, 3), y(rows);
  const SpmvPlan plan = plan_spmv(a.view());
  plan.run(x, y);
  EXPECT_EQ(y[0], 6);
  EXPECT_EQ(y[1], 0);
  for (const KernelChoice& c : plan.candidates()) EXPECT_TRUE(c.sparse || !c.refusal.empty()) << c.name;
}

TEST(SpmvPlans, TakeNothing) {
  for (auto [rows, cols] : {std::array<Index, 2>{0, 5}, {5, 0}, {0, 0}}) {
    Case test(generate::uniform(rows, cols, 0.5, 1), {.residual = true});
    test.run();
    ASSERT_NO_FATAL_FAILURE(test.expect_right());
  }
}

TEST(SpmvPlans, RunInManyThreadsAtOnceAndMove) {
  Case test(generate::uniform(70, 50, 0.8, 10), {});
  SpmvPlan first = plan_spmv(test.a.view());
  const SpmvPlan plan = std::move(first);
  std::vector<std::vector<float>> results(4, std::vector<float>(70));
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) plan.run(Case::span(test.x), result);
    });
  for (std::thread& t : threads) t.join();
  test.run(plan);
  ASSERT_NO_FATAL_FAILURE(test.expect_right());
  for (const auto& result : results) EXPECT_TRUE(std::equal(result.begin(), result.end(), test.y.data()));
}

TEST(SpmvPlans, MayTakeYAsTheResidual) {
  Case test(generate::uniform(30, 40, 0.8, 11), {.residual = true});
  std::copy_n(test.r.data(), test.r.size(), test.y.data());
  plan_spmv(test.a.view(), test.options).run(Case::span(test.x), Case::span(test.y), Case::span(test.y));
  ASSERT_NO_FATAL_FAILURE(test.expect_right());
}

TEST(SpmvPlans, SayWhatTheyRefuse) {
  const Csr a = generate::uniform(6, 5, 0.5, 1);
  const auto planned = [&](const SpmvOptions& o) {
    return test::message_of<Error>([&] { plan_spmv(a.view(), o); });
  };
  const std::vector<float> bias(4);
  EXPECT_EQ(planned({.threads = 0}), "spmv: threads: 0; want 1 to 1024");
  EXPECT_EQ(planned({.bias = bias}), "spmv: bias: has 4 values; want 6, one per row of A");
  EXPECT_EQ(planned({.kernel = "spmv/none"}), "spmv: kernel: there is no 'spmv/none'; see spmv_kernels()");
  EXPECT_EQ(planned({.dtype = DType::f16}), "spmv: dtype: no kernel computes in f16; want f32, bf16 or i8");
  EXPECT_EQ(planned({.scales = bias}), "spmv: scales: has 4 values; want 6 for i8, else none");
  EXPECT_NE(planned({.dtype = DType::i8}).find("is no whole number from -128 to 127"), std::string::npos);
  EXPECT_EQ(planned({.dtype = DType::i8, .finite = false}),
            "spmv: finite: is false; i8 takes x in fixed point, which has neither Inf nor NaN");
  Csr broken = a;
  broken.columns.front() = 99;
  EXPECT_NE(test::message_of<Error>([&] { plan_spmv(broken.view()); }), "");

  const SpmvPlan plan = plan_spmv(a.view());
  std::vector<float> x(5), y(6), both(11);
  EXPECT_EQ(test::message_of<Error>([&] { plan.run(y, y); }), "spmv: x has 6 elements; the plan wants 5");
  EXPECT_EQ(test::message_of<Error>([&] { plan.run(x, x); }), "spmv: y has 5 elements; the plan wants 6");
  EXPECT_EQ(
      test::message_of<Error>([&] { plan.run(std::span(both).first(5), std::span(both).subspan(4, 6)); }),
      "spmv: y overlaps x");
  EXPECT_EQ(test::message_of<Error>([&] { plan.run(x, y, bias); }),
            "spmv: a residual is given, but the plan has none (SpmvOptions::residual)");
}
