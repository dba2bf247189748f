#include <gtest/gtest.h>
#include "formats/generate.hpp"
#include "lab/expected.hpp"
#include "lab/operation.hpp"
#include "lab/values.hpp"
#include "lab/walls.hpp"
#include "support/temp_folder.hpp"
#include "tulle/error.hpp"

using namespace tulle;

namespace {
constexpr Index kRows = 19, kCols = 23, kWidth = 7;

/// A product that f32 sums in the order of the entries, and what the lab expects of it.
struct Problem {
  Csr a = generate::uniform(kRows, kCols, 0.6, 3);
  lab::Case c;
  lab::Question question;
  Tensor result;
  explicit Problem(DType dtype = DType::f32, bool tokens = false) : c{.op = "spmm", .n = kWidth, .dtype = dtype, .order = tokens ? "tokens" : "row_major"} {
    lab::narrow(a.values, dtype);
    question = lab::find_operation("spmm").ask(c, a.view());
    const auto b = question.operands.at("b").as<float>();
    result = Tensor(TensorType{DType::f32, tokens ? Shape{kWidth, kRows} : Shape{kRows, kWidth}});
    const auto out = result.as_mutable<float>();
    std::fill(out.begin(), out.end(), 0.0f);
    const auto at = [&](Index i, Index j, Index rows) { return static_cast<std::size_t>(tokens ? j * rows + i : i * kWidth + j); };
    for (Index i = 0; i < kRows; ++i)
      for (Index p = a.offsets[static_cast<std::size_t>(i)]; p < a.offsets[static_cast<std::size_t>(i + 1)]; ++p)
        for (Index j = 0; j < kWidth; ++j) out[at(i, j, kRows)] += a.values[static_cast<std::size_t>(p)] * b[at(a.columns[static_cast<std::size_t>(p)], j, kCols)];
  }
  lab::Expected::Verdict verdict() const { return question.expected.check(result); }
};
}  // namespace

TEST(Expected, TakesWhatF32SumsGiveInBothOrders) {
  EXPECT_EQ(Problem().verdict().wrong, "");
  EXPECT_EQ(Problem(DType::f32, true).verdict().wrong, "");
  EXPECT_NE(Problem().question.expected.check(Problem(DType::f32, true).result).wrong, "");
  EXPECT_GT(Problem().verdict().error, 0);
}

TEST(Expected, OneElementOffByALittleIsSeen) {
  Problem exact, rounded(DType::bf16);
  for (Problem* p : {&exact, &rounded}) p->result.as_mutable<float>()[10 * kWidth + 3] *= 1.0001f;
  EXPECT_NE(exact.verdict().wrong.find("element [10, 3] is"), std::string::npos);
  EXPECT_EQ(rounded.verdict().wrong, "");  // within the rounding of a bf16 result
  rounded.result.as_mutable<float>()[10 * kWidth + 3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NE(rounded.verdict().wrong, "");
}

TEST(Expected, IntegersMustBeExact) {
  Problem p(DType::i8);
  Tensor exact(TensorType{DType::i32, {kRows, kWidth}});
  for (std::size_t i = 0; i < kRows * kWidth; ++i) exact.as_mutable<std::int32_t>()[i] = static_cast<std::int32_t>(p.result.as<float>()[i]);
  EXPECT_EQ(p.question.expected.check(exact).wrong, "");
  exact.as_mutable<std::int32_t>()[5] += 1;
  EXPECT_NE(p.question.expected.check(exact).wrong, "");
}

// What Tulle offers for each operation is right by the operation's own expectation: a new one is tested by being listed.
TEST(Operations, EveryKernelOfTulleGivesWhatIsExpectedOrRefuses) {
  const Csr a = generate::uniform(96, 96, 0.8, 7);
  for (const lab::Operation& o : lab::operations())
    for (const DType dtype : o.dtypes)
      for (const std::string_view order : o.orders) {
        Csr narrowed = a;
        lab::narrow(narrowed.values, dtype);
        const lab::Case c{.op = std::string(o.name), .n = o.n.empty() ? 1 : 32, .dtype = dtype, .order = std::string(order), .parameters = o.parameters};
        const lab::Question q = o.ask(c, narrowed.view());
        std::vector<std::string> kernels = o.kernels(dtype);
        kernels.push_back("plan");
        std::size_t right = 0;
        for (const std::string& kernel : kernels) {
          const lab::Job job{.op = c.op, .kernel = kernel, .a = narrowed.view(), .operands = q.operands, .n = c.n, .dtype = dtype, .order = c.order, .parameters = c.parameters};
          try {
            const auto contender = o.prepare(job);
            contender->run();
            EXPECT_EQ(q.expected.check(contender->result()).wrong, "") << o.name << " " << kernel << " " << name(dtype) << " " << order;
            ++right;
          } catch (const Error& refusal) {
            EXPECT_FALSE(kernel == "plan" && (dtype == o.dtypes[0] || order == o.orders[0])) << o.name << " " << name(dtype) << " " << order << ": " << refusal.what();
          }
        }
        EXPECT_TRUE(right > 0 || order != o.orders[0]) << o.name << " " << name(dtype);
      }
}

TEST(Operations, AnUnknownOneIsToldWhatThereIs) {
  EXPECT_SAYS(test::message_of<Error>([] { lab::find_operation("knit"); }), "'knit' is none of spmm");
}

TEST(Narrow, RoundsToNearestEven) {
  std::vector<float> x{1.00390625f, 1.01171875f, -1.004f, 1e30f};
  lab::narrow(x, DType::bf16);
  EXPECT_EQ(x, (std::vector<float>{1.0f, 1.015625f, -1.0078125f, x[3]}));
  std::vector<float> i{0.3f, -9.0f};
  lab::narrow(i, DType::i8);
  EXPECT_EQ(i, (std::vector<float>{12, -127}));
}

TEST(Walls, CachesReadFasterThanMemory) {
  const lab::Walls w = lab::measure_walls(1);
  if (w.fma_gflops == 0) GTEST_SKIP() << "no AVX2";
  EXPECT_GT(w.fma_gflops, 1);
  EXPECT_GT(w.l1_gbs, w.memory_gbs);
  EXPECT_GT(w.memory_gbs, 0.1);
}
