#include "tulle/sddmm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "support/tsan.hpp"
#include "tulle/formats.hpp"
#include "tulle/softmax.hpp"

using namespace tulle;

namespace {
std::vector<float> random_floats(Index count, unsigned seed) {
  std::mt19937 bits(seed);
  std::uniform_real_distribution<float> real(-1, 1);
  std::vector<float> floats(static_cast<std::size_t>(count));
  for (float& x : floats) x = real(bits);
  return floats;
}

struct Data {
  Index queries, keys, d;
  std::vector<float> q, k, values;
  Data(const AttentionMask& mask, Index dims)
      : queries(mask.queries()),
        keys(mask.keys()),
        d(dims),
        q(random_floats(queries * d, 1)),
        k(random_floats(keys * d, 2)),
        values(static_cast<std::size_t>(mask.entries()), std::nanf("")) {}
  void run(const SddmmPlan& plan) { plan.run(q.data(), k.data(), values.data()); }
};

constexpr double kTwoRoundings = 0x1p-7 * (1 + 0x1p-9);  // to bf16, relative to a product

void expect(const AttentionMask& mask, const Data& t, double scale, DType dtype) {
  const Csr csr = mask.to_csr();
  const double bound = static_cast<double>(t.d + 2) * 0x1p-24 + (dtype == DType::bf16 ? kTwoRoundings : 0.0);
  for (std::size_t i = 0; i + 1 < csr.offsets.size(); ++i)
    for (auto p = static_cast<std::size_t>(csr.offsets[i]); p < static_cast<std::size_t>(csr.offsets[i + 1]);
         ++p) {
      double want = 0, size = 0;
      for (std::size_t e = 0; e < static_cast<std::size_t>(t.d); ++e) {
        const double term = scale * t.q[i * static_cast<std::size_t>(t.d) + e] *
                            t.k[static_cast<std::size_t>(csr.columns[p] * t.d) + e];
        want += term, size += std::abs(term);
      }
      ASSERT_NEAR(t.values[p], want, bound * size) << "row " << i;
    }
}
}  // namespace

TEST(SddmmPlan, GivesTheValuesOfEveryKindOfMaskWithEveryKernelAndNumberOfThreads) {
  SKIP_UNDER_TSAN();
  for (const char* text : {"band:5", "causal", "random:0.1", "random:0"}) {
    const AttentionMask mask = AttentionMask::named(text, 37, 45);
    for (const DType dtype : {DType::f32, DType::bf16}) {
      std::vector<std::string> names = sddmm_kernels(dtype);
      names.emplace_back();  // the plan's own choice
      for (const std::string& name : names)
        for (const Index d : {0, 1, 40}) {
          Data one(mask, d), three(mask, d);
          const std::string other = name.empty() ? "sddmm/reference" : name;
          try {
            one.run(plan_sddmm(mask, d, {.scale = 0.5f, .dtype = dtype, .kernel = name}));
            three.run(plan_sddmm(mask, d, {.threads = 3, .scale = 0.5f, .dtype = dtype, .kernel = other}));
          } catch (const Error& e) {
            const std::string why = e.what();  // for another CPU, or another order
            ASSERT_TRUE(why.find("needs") != why.npos || why.find("by blocks") != why.npos) << why;
            continue;
          }
          expect(mask, one, 0.5, dtype);
          if (!name.empty()) {
            ASSERT_EQ(one.values, three.values) << name;
          }
          if (HasFatalFailure()) FAIL() << text << ", " << name << ", d " << d;
        }
    }
  }
}

TEST(SddmmPlan, SaysWhatItChoseAndWhy) {
  const AttentionMask mask = AttentionMask::named("band:64", 512, 512);
  const SddmmPlan plan = plan_sddmm(mask, 64);
  EXPECT_NE(plan.why().find("23.6 % of all pairs are entries"), std::string::npos) << plan.why();
  EXPECT_EQ(plan.candidates().size(), sddmm_kernels().size());
  EXPECT_GT(plan.bytes(), 0u);
  EXPECT_EQ(plan_sddmm(mask, 64, {.kernel = "sddmm/reference"}).kernel(), "sddmm/reference");
}

TEST(SddmmPlan, GivesBlocksWhole) {
  SKIP_UNDER_TSAN();
  const AttentionMask mask = AttentionMask::named("block:16,0.3", 70, 70);
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const SddmmPlan plan =
        plan_sddmm(mask, 40, {.threads = 2, .dtype = dtype, .block_rows = 16, .block_cols = 16});
    const Bsr bsr = to_bsr(mask.to_csr().view(), 16, 16);
    ASSERT_EQ(plan.size(), static_cast<Index>(bsr.values.size()));
    Data t(mask, 40), entries(mask, 40);
    t.values.assign(bsr.values.size(), std::nanf(""));
    t.run(plan);
    Bsr found = bsr;
    found.values = t.values;
    const Csr csr = to_csr(found.view());  // without what lies past the edge, where zeros stand
    entries.values = csr.values;
    ASSERT_EQ(csr.values.size(), static_cast<std::size_t>(mask.entries()));
    expect(mask, entries, 1, dtype);
  }
  EXPECT_THROW(plan_sddmm(mask, 40, {.block_rows = 16}), Error);
  EXPECT_THROW(plan_sddmm(mask, 40, {.block_rows = 300, .block_cols = 16}), Error);
}

TEST(SddmmPlan, TakesRowsWithGapsAndRefusesWhatDoesNotFit) {
  const AttentionMask mask = AttentionMask::named("band:5", 20, 20);
  const SddmmPlan plan = plan_sddmm(mask, 8);
  Data t(mask, 8), gaps(mask, 11);
  plan.run({gaps.q.data(), 20, 8, 11}, {gaps.k.data(), 20, 8, 11}, gaps.values.data());
  for (Index i = 0; i < 20; ++i)
    for (Index e = 0; e < 8; ++e) {
      t.q[static_cast<std::size_t>(i * 8 + e)] = gaps.q[static_cast<std::size_t>(i * 11 + e)];
      t.k[static_cast<std::size_t>(i * 8 + e)] = gaps.k[static_cast<std::size_t>(i * 11 + e)];
    }
  t.run(plan);
  EXPECT_EQ(t.values, gaps.values);
  EXPECT_THROW(plan.run({t.q.data(), 19, 8, 8}, {t.k.data(), 20, 8, 8}, t.values.data()), Error);
  EXPECT_THROW(plan.run({t.q.data(), 20, 8, 7}, {t.k.data(), 20, 8, 8}, t.values.data()), Error);
  EXPECT_THROW(plan.run({nullptr, 20, 8, 8}, {t.k.data(), 20, 8, 8}, t.values.data()), Error);
  EXPECT_THROW(plan.run(t.q.data(), t.k.data(), t.k.data() + 3), Error);
  EXPECT_THROW(plan_sddmm(mask, -1), Error);
  EXPECT_THROW(plan_sddmm(mask, 8, {.threads = 0}), Error);
  EXPECT_THROW(plan_sddmm(mask, 8, {.dtype = DType::f16}), Error);
  EXPECT_THROW(plan_sddmm(mask, 8, {.kernel = "sddmm/nothing"}), Error);
}

TEST(SoftmaxRows, SumsToOneForAnyNumberOfThreadsAndChecksOffsets) {
  SKIP_UNDER_TSAN();
  const std::vector<Index> offsets{0, 3, 3, 40, 41};
  const std::vector<float> x = random_floats(41, 1);
  std::vector<float> one(41), four(41);
  softmax_rows(offsets, 2, x.data(), one.data());
  softmax_rows(offsets, 2, x.data(), four.data(), 4);
  EXPECT_EQ(one, four);
  EXPECT_FLOAT_EQ(one[0] + one[1] + one[2], 1);
  EXPECT_EQ(one[40], 1);
  const std::vector<Index> falling{0, 3, 2};
  EXPECT_THROW(softmax_rows(falling, 1, x.data(), one.data()), Error);
  EXPECT_THROW(softmax_rows({}, 1, x.data(), one.data()), Error);
  EXPECT_THROW(softmax_rows(offsets, 1, one.data() + 1, one.data()), Error);
}
