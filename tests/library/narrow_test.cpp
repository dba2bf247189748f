// plan_spmm in bf16 and i8: every kernel against f64 of the rounded operands, in every order that they take.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "core/bfloat16.hpp"
#include "core/cpu.hpp"
#include "tulle/error.hpp"
#include "tulle/spmm.hpp"

using namespace tulle;

namespace {
using enum DenseOrder;

struct Case {
  Case(Index rows, Index cols, Index columns, SpmmOptions o, double density = 0.3)
      : n(columns), options(std::move(o)) {
    const bool bytes = options.dtype == DType::i8;
    a.rows = rows, a.cols = cols;
    for (Index i = 0; i < rows; ++i) {
      for (Index k = 0; k < cols; ++k)
        if (real(0, 1) < density) {
          a.columns.push_back(static_cast<std::int32_t>(k));
          a.values.push_back(bytes ? std::round(real(-128.4f, 127.4f)) : real(-1, 1));
        }
      a.offsets.push_back(std::ssize(a.values));
      bias.push_back(real(-1, 1));
      scales.push_back(real(0.001f, 0.01f));
    }
    ldb = natural_ld(options.b_order, cols, n) + gap(), ldc = natural_ld(options.c_order, rows, n) + gap();
    b.resize(static_cast<std::size_t>(extent(options.b_order, cols, n, ldb)));
    for (float& x : b)
      x = bytes ? std::round(real(-128.4f, 127.4f)) : static_cast<float>(BFloat16(real(-1, 1)));
    for (float x : b) {
      halves.push_back(BFloat16(x));
      signed_bytes.push_back(static_cast<std::int8_t>(x));
    }
    for (float* x : {&options.alpha, &options.beta}) *x = real(0.5f, 2);
    options.bias = bias;
    if (bytes) options.scales = scales, options.zero_point = 7;
    c.resize(static_cast<std::size_t>(extent(options.c_order, rows, n, ldc)));
    for (float& x : c) x = real(-1, 1);
    before = c;
  }
  Index gap() const { return n == 160 ? 3 : 0; }
  void run() {
    const SpmmPlan plan = plan_spmm(a.view(), n, options);
    const void* data =
        options.dtype == DType::i8 ? static_cast<const void*>(signed_bytes.data()) : halves.data();
    plan.run(DenseView{data, a.cols, n, ldb}, MutableDenseView{c.data(), a.rows, n, ldc});
  }
  static Index at(DenseOrder order, Index ld, Index i, Index j) {
    if (order == panels) return j / 16 * ld + i * 16 + j % 16;
    return order == tokens ? j * ld + i : i * ld + j;
  }
  void check() const {
    const bool bytes = options.dtype == DType::i8;
    std::size_t elements = 0;
    for (Index i = 0; i < a.rows; ++i)
      for (Index j = 0; j < n; ++j, ++elements) {
        double sum = 0, size = 0;
        for (Index e = a.offsets[i]; e < a.offsets[i + 1]; ++e) {
          const float x = b[static_cast<std::size_t>(at(options.b_order, ldb, a.columns[e], j))];
          const double w = bytes ? double(a.values[e]) : double(float(BFloat16(options.alpha * a.values[e])));
          const double term = w * (bytes ? x - 7.0 : double(x));
          sum += term, size += std::abs(term);
        }
        if (bytes) sum *= double(options.alpha) * scales[i], size = std::abs(sum);
        const Index to = at(options.c_order, ldc, i, j);
        const double more = double(options.beta) * before[to] + bias[i], want = sum + more;
        const double length = static_cast<double>(a.offsets[i + 1] - a.offsets[i]);
        const double bound =
            (2 * length + 8) * 0x1p-24 * (size + std::abs(options.beta * before[to]) + std::abs(bias[i]));
        ASSERT_NEAR(c[to], want, bound) << "row " << i << ", column " << j;
      }
    for (std::size_t k = 0, same = 0; options.c_order != panels && k < c.size(); ++k) {
      same += c[k] == before[k];
      ASSERT_LE(same, c.size() - elements + 2) << "elements of C that were not written";
    }
  }

  Index n;
  SpmmOptions options;
  Csr a{0, 0, {0}, {}, {}};
  std::vector<float> bias, scales, b, c, before;
  std::vector<BFloat16> halves;
  std::vector<std::int8_t> signed_bytes;
  Index ldb = 0, ldc = 0;

 private:
  float real(float low, float high) { return std::uniform_real_distribution<float>(low, high)(bits); }
  std::mt19937 bits{3};
};
}  // namespace

TEST(SpmmNarrow, EveryKernelKeepsTheBoundInEveryOrder) {
  for (const DType dtype : {DType::bf16, DType::i8})
    for (const std::string& kernel : spmm_kernels(dtype))
      for (const DenseOrder b : {row_major, tokens, panels})
        for (const DenseOrder c : {row_major, tokens, panels})
          for (const Index n : {1, 16, 37, 160}) {
            SCOPED_TRACE(testing::Message() << kernel << ", orders " << int(b) << int(c) << ", n " << n);
            SpmmOptions o{.threads = n == 37 ? 2 : 1, .dtype = dtype, .b_order = b, .c_order = c};
            o.kernel = kernel;
            Case t(45, n == 16 ? 68 : 131, n, o);
            try {
              t.run();
            } catch (const Error& e) {
              ASSERT_NE(std::string(e.what()).find("needs"), std::string::npos) << e.what();
              continue;
            }
            ASSERT_NO_FATAL_FAILURE(t.check());
          }
}

TEST(SpmmNarrow, GivesTheSameBitsForAnyNumberOfThreads) {
  for (const DType dtype : {DType::bf16, DType::i8})
    for (const std::string& kernel : spmm_kernels(dtype)) {
      std::vector<float> one;
      for (const int threads : {1, 2, 3, 7}) {
        Case t(75, 260, 90, {.threads = threads, .dtype = dtype, .kernel = kernel});
        try {
          t.run();
        } catch (const Error& e) {
          ASSERT_NE(std::string(e.what()).find("needs"), std::string::npos) << e.what();
          break;
        }
        if (one.empty()) one = t.c;
        ASSERT_EQ(std::memcmp(one.data(), t.c.data(), one.size() * sizeof(float)), 0)
            << kernel << ", threads " << threads;
      }
    }
}

TEST(SpmmNarrow, PlansByItself) {
  for (const DType dtype : {DType::bf16, DType::i8})
    for (const double density : {0.0, 0.1, 1.0}) {
      Case t(64, 128, 64, {.dtype = dtype}, density);
      t.run();
      ASSERT_NO_FATAL_FAILURE(t.check());
    }
}

TEST(SpmmNarrow, SaysWhatItDoesNotTake) {
  const auto message = [](Case t) -> std::string {
    try {
      t.run();
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  Case fraction(4, 8, 16, {.dtype = DType::i8}, 1);
  fraction.a.values[3] = 0.5f;
  EXPECT_EQ(message(fraction), "spmm: i8: value 0.500000 is no whole number from -128 to 127");
  Case shifted(4, 8, 16, {.dtype = DType::i8});
  shifted.options.zero_point = 128;
  EXPECT_EQ(message(shifted), "spmm: zero_point: is 128; want -128 to 127 for i8, else 0");
  const SpmmPlan plan = plan_spmm(fraction.a.view(), 16, {.dtype = DType::bf16});
  EXPECT_THROW(plan.run(fraction.b.data(), fraction.c.data()), Error);
}
