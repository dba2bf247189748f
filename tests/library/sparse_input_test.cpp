// Every kernel behind plan_sparse_input against f64, on vectors with many zeros and with few.
#include "tulle/sparse_input.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "core/bfloat16.hpp"
#include "core/cpu.hpp"
#include "formats/generate.hpp"
#include "kernels/pointwise/scalar.hpp"
#include "support/guarded.hpp"
#include "tulle/spmv.hpp"

using namespace tulle;
using test::Guarded;

namespace {
constexpr DType kTypes[] = {DType::f32, DType::bf16, DType::i8};

Csr matrix(Index rows, Index cols, double zeros, DType dtype) {
  Csr a = generate::uniform(rows, cols, zeros, 3);
  for (float& v : a.values) {
    if (dtype == DType::bf16) v = BFloat16(v);
    if (dtype == DType::i8) v = std::nearbyint(v * 127);
  }
  return a;
}

/// A product whose x and y end at pages nobody may touch; y is full of rubbish.
struct Case {
  Case(Csr of, SparseInputOptions o, double zeros) : a(std::move(of)), options(o), x(a.cols), y(a.rows) {
    x.randomize(5);
    for (Index j = 0; j < a.cols; ++j)
      if (j * 7919 % 1000 < 1000 * zeros) x[j] = j % 2 ? 0.0f : -0.0f;
  }
  void run(const SparseInputPlan& plan) {
    plan.run({x.data(), static_cast<std::size_t>(x.size())}, {y.data(), static_cast<std::size_t>(y.size())});
  }
  void expect_right() {
    for (Index i = 0; i < a.rows; ++i) {
      const auto row = static_cast<std::size_t>(i);
      const double scale = options.scales.empty() ? 1 : options.scales[row];
      double sum = options.bias.empty() ? 0 : options.bias[row], size = std::abs(sum);
      for (auto e = static_cast<std::size_t>(a.offsets[row]);
           e < static_cast<std::size_t>(a.offsets[row + 1]); ++e) {
        const double term = scale * a.values[e] * x[a.columns[e]];
        sum += term, size += std::abs(term);
      }
      const double want = pointwise::activate(options.activation, sum);
      const double bound =
          (static_cast<double>(a.cols) + 4) * std::ldexp(size, -24) + 1e-6 * std::max(1.0, std::abs(want));
      ASSERT_LE(std::abs(y[i] - want), bound) << "row " << i << ": " << y[i] << ", want " << want;
    }
  }
  Csr a;
  SparseInputOptions options;
  Guarded x, y;
};

/// Runs `body(name)` for each kernel of each type that this CPU has.
template <class Body>
void with_every_kernel(const Body& body) {
  for (const DType dtype : kTypes)
    for (const std::string& name : sparse_input_kernels(dtype)) {
      SCOPED_TRACE(name);
      try {
        body(dtype, name);
      } catch (const Error& e) {
        ASSERT_NE(std::string(e.what()).find("needs "), std::string::npos) << e.what();
      }
    }
}
}  // namespace

TEST(SparseInput, IsRightForEveryKernelAndShare) {
  with_every_kernel([](DType dtype, const std::string& name) {
    for (const Index rows : {1, 15, 65, 300, 1100})
      for (const Index cols : {0, 1, 37, 130})
        for (const double zeros : {0.0, 0.5, 0.97, 1.0}) {
          Case test(matrix(rows, cols, 0.4, dtype), {.zeros = zeros, .dtype = dtype, .kernel = name}, zeros);
          test.run(plan_sparse_input(test.a.view(), test.options));
          ASSERT_NO_FATAL_FAILURE(test.expect_right()) << rows << " x " << cols << ", " << zeros;
        }
  });
}

TEST(SparseInput, AddsScalesAndBends) {
  std::vector<float> bias(301), scales(301);
  generate::fill_values(bias, 5);
  generate::fill_values(scales, 6);
  using enum ActivationKind;
  with_every_kernel([&](DType dtype, const std::string& name) {
    for (const Activation f : {Activation{}, Activation{relu}, Activation{clip, -0.5f, 0.75f},
                               Activation{leaky_relu, 0.1f}, Activation{gelu}, Activation{tanh}}) {
      SparseInputOptions o{.dtype = dtype, .bias = bias, .activation = f, .kernel = name};
      if (dtype == DType::i8) o.scales = scales;
      Case test(matrix(301, 60, 0.6, dtype), o, 0.5);
      test.run(plan_sparse_input(test.a.view(), test.options));
      ASSERT_NO_FATAL_FAILURE(test.expect_right()) << int(f.kind);
    }
  });
}

TEST(SparseInput, GivesTheSameBitsForAnyThreadsAndThoseOfSpmv) {
  for (const DType dtype : kTypes) {
    std::vector<float> wanted;
    Case test(matrix(1500, 90, 0.3, dtype), {.dtype = dtype}, 0.7);
    if (dtype != DType::i8 && contains(cpu_features(), Features::avx2)) {
      wanted.resize(1500);
      plan_spmv(test.a.view(), {.dtype = dtype,
                                .sparse = false,
                                .kernel = dtype == DType::bf16 ? "spmv/avx2/bf16/dense" : "spmv/avx2/dense"})
          .run({test.x.data(), 90}, wanted);
    }
    for (const std::string& name : sparse_input_kernels(dtype))
      for (const int threads : {1, 3}) {
        if (name.find("reference") != std::string::npos) continue;  // in f64
        test.options.kernel = name, test.options.threads = threads;
        try {
          test.run(plan_sparse_input(test.a.view(), test.options));
        } catch (const Error&) {
          continue;
        }
        if (wanted.empty()) wanted.assign(test.y.data(), test.y.data() + 1500);
        ASSERT_EQ(std::memcmp(wanted.data(), test.y.data(), 1500 * sizeof(float)), 0)
            << name << ", " << threads;
      }
  }
}

TEST(SparseInput, ReadsNoColumnOppositeAZeroAndPassesOnWhatIsNoNumber) {
  with_every_kernel([](DType dtype, const std::string& name) {
    Csr a = matrix(70, 40, 0.2, dtype);
    if (dtype == DType::f32)
      for (std::size_t e = 0; e < a.values.size(); ++e)
        if (a.columns[e] == 8) a.values[e] = std::numeric_limits<float>::infinity();
    Case test(a, {.dtype = dtype, .kernel = name}, 0);
    test.x[8] = 0;
    test.run(plan_sparse_input(test.a.view(), test.options));
    for (Index i = 0; i < 70; ++i) ASSERT_TRUE(std::isfinite(test.y[i])) << i;
    test.x[9] = std::nanf("");
    test.run(plan_sparse_input(matrix(70, 40, 0, dtype).view(), test.options));
    for (Index i = 0; i < 70; ++i) ASSERT_TRUE(std::isnan(test.y[i])) << i;
  });
}

TEST(SparseInput, TimesSkippingAgainstReadingAll) {
  for (const DType dtype : kTypes) {
    Case test(matrix(600, 500, 0.5, dtype), {.threads = 2, .zeros = 0.8, .dtype = dtype}, 0.8);
    const SparseInputPlan plan = plan_sparse_input(test.a.view(), test.options);
    test.run(plan);
    ASSERT_NO_FATAL_FAILURE(test.expect_right()) << plan.kernel();
    EXPECT_NE(plan.why().find("80 % zeros in x"), std::string::npos) << plan.why();
    EXPECT_GT(plan.bytes(), 0u);
  }
}

TEST(SparseInput, SaysWhatItRefuses) {
  const Csr a = generate::uniform(6, 5, 0.5, 1);
  const std::vector<float> four(4);
  const auto planned = [&](const SparseInputOptions& o) -> std::string {
    try {
      plan_sparse_input(a.view(), o);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(planned({.threads = 0}), "sparse input: threads: 0; want 1 to 1024");
  EXPECT_EQ(planned({.zeros = 1.5}), "sparse input: zeros: 1.5; want 0 to 1");
  EXPECT_EQ(planned({.bias = four}), "sparse input: bias: has 4 values; want 6, one per row of A");
  EXPECT_EQ(planned({.scales = four}), "sparse input: scales: has 4 values; want 6 for i8, else none");
  EXPECT_EQ(planned({.dtype = DType::f64}),
            "sparse input: dtype: no kernel computes in f64; want f32, bf16 or i8");
  EXPECT_NE(planned({.dtype = DType::i8}).find("is no whole number"), std::string::npos);
  EXPECT_EQ(planned({.kernel = "none"}),
            "sparse input: kernel: there is no 'none'; see sparse_input_kernels()");
  const SparseInputPlan plan = plan_sparse_input(a.view());
  std::vector<float> x(5), y(6);
  EXPECT_THROW(plan.run(y, y), Error);
  EXPECT_THROW(plan.run(x, x), Error);
  const SparseInputPlan nothing = plan_sparse_input(generate::uniform(0, 5, 0.5, 1).view());
  nothing.run(x, {});
}
