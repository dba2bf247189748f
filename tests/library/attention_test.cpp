#include "tulle/attention.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "support/tsan.hpp"

using namespace tulle;

namespace {
constexpr Index kBatch = 2, kHeads = 4, kQueries = 37, kKeys = 45, kD = 24, kDv = 40;

std::vector<float> random_floats(Index count, unsigned seed) {
  std::mt19937 bits(seed);
  std::uniform_real_distribution<float> real(-1, 1);
  std::vector<float> floats(static_cast<std::size_t>(count));
  for (float& x : floats) x = real(bits);
  return floats;
}

// Fewer heads of keys and values than of queries.
struct Data {
  Index kv;
  std::vector<float> q, k, v, o;
  explicit Data(Index kv_heads)
      : kv(kv_heads),
        q(random_floats(kBatch * kHeads * kQueries * kD, 1)),
        k(random_floats(kBatch * kv * kKeys * kD, 2)),
        v(random_floats(kBatch * kv * kKeys * kDv, 3)),
        o(static_cast<std::size_t>(kBatch * kHeads * kQueries * kDv), std::nanf("")) {}
  void run_heads_first(const AttentionPlan& plan) { plan.run(q.data(), k.data(), v.data(), o.data()); }
  void run_tokens_first(const AttentionPlan& plan) {
    plan.run(HeadsView::tokens_first(q.data(), kHeads, kQueries, kD),
             HeadsView::tokens_first(k.data(), kv, kKeys, kD),
             HeadsView::tokens_first(v.data(), kv, kKeys, kDv),
             MutableHeadsView::tokens_first(o.data(), kHeads, kQueries, kDv));
  }
};

double at(const HeadsView& x, Index b, Index h, Index t, Index e) {
  return x.data[b * x.batch_stride + h * x.head_stride + t * x.token_stride + e];
}

double want(const AttentionMask& mask, const HeadsView& q, const HeadsView& k, const HeadsView& v, Index kv,
            Index b, Index h, Index i, Index e) {
  double total = 0, sum = 0;
  for (const KeyRange& range : mask.row(i))
    for (Index j = range.first; j < range.last; ++j) {
      double score = 0;
      for (Index x = 0; x < kD; ++x) score += at(q, b, h, i, x) * at(k, b, h * kv / kHeads, j, x);
      const double weight = std::exp(score / std::sqrt(double(kD)));
      total += weight, sum += weight * at(v, b, h * kv / kHeads, j, e);
    }
  return total > 0 ? sum / total : 0;
}

void expect(const AttentionMask& mask, const Data& t, bool heads_first, double bound) {
  const auto place = heads_first ? HeadsView::heads_first : HeadsView::tokens_first;
  const HeadsView q = place(t.q.data(), kHeads, kQueries, kD), k = place(t.k.data(), t.kv, kKeys, kD);
  const HeadsView v = place(t.v.data(), t.kv, kKeys, kDv), o = place(t.o.data(), kHeads, kQueries, kDv);
  for (Index b = 0; b < kBatch; ++b)
    for (Index h = 0; h < kHeads; ++h)
      for (Index i = 0; i < kQueries; ++i)
        for (Index e = 0; e < kDv; ++e)
          ASSERT_NEAR(at(o, b, h, i, e), want(mask, q, k, v, t.kv, b, h, i, e), bound)
              << b << ", " << h << ", " << i;
}
}  // namespace

TEST(AttentionPlan, MatchesTheDefinitionInBothLayouts) {
  for (const char* text : {"band:5", "causal", "random:0.1", "random:0"})
    for (const Index kv : {kHeads, Index{2}, Index{1}})
      for (const DType dtype : {DType::f32, DType::bf16}) {
        const AttentionMask mask = AttentionMask::named(text, kQueries, kKeys);
        const AttentionPlan plan =
            plan_attention(mask, kD, kDv, kHeads, kBatch, {.kv_heads = kv, .dtype = dtype});
        const double bound = dtype == DType::bf16 ? 0.06 : 3e-6;  // the header's for scores below 1.7
        Data t(kv);
        t.run_heads_first(plan);
        expect(mask, t, true, bound);
        t.run_tokens_first(plan);
        expect(mask, t, false, bound);
        if (HasFatalFailure()) FAIL() << text << ", " << plan.kernel();
      }
}

TEST(AttentionPlan, GivesTheSameBitsForAnyNumberOfThreads) {
  SKIP_UNDER_TSAN();
  const AttentionMask mask =
      AttentionMask::named("band:9", kQueries, kKeys) | AttentionMask::random(kQueries, kKeys, 0.1, 1);
  for (const std::string& name : attention_kernels(DType::bf16)) try {
      Data one(kHeads);
      one.run_heads_first(
          plan_attention(mask, kD, kDv, kHeads, kBatch, {.dtype = DType::bf16, .kernel = name}));
      for (const int threads : {2, 3, 100}) {
        Data many(kHeads);
        many.run_heads_first(plan_attention(mask, kD, kDv, kHeads, kBatch,
                                            {.threads = threads, .dtype = DType::bf16, .kernel = name}));
        EXPECT_EQ(one.o, many.o) << name << ", " << threads << " threads";
      }
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("needs"), std::string::npos) << e.what();  // another CPU's
    }
}

TEST(AttentionPlan, SaysWhatItChoseAndRefusesWhatDoesNotFit) {
  const AttentionMask mask = AttentionMask::named("band:64", 512, 512);
  const AttentionPlan plan = plan_attention(mask, 64, 64, 1, 1);
  EXPECT_NE(plan.why().find("23.6 % of all pairs are entries"), std::string::npos) << plan.why();
  EXPECT_EQ(plan.candidates().size(), attention_kernels().size());
  std::vector<float> x(512 * 64), o(512 * 64);
  EXPECT_THROW(plan.run(x.data(), x.data(), x.data(), x.data()), Error);
  EXPECT_THROW(plan.run(x.data(), nullptr, x.data(), o.data()), Error);
  const HeadsView whole = HeadsView::heads_first(x.data(), 1, 512, 64);
  EXPECT_THROW(
      plan.run({x.data(), 0, 0, 63}, whole, whole, MutableHeadsView::heads_first(o.data(), 1, 512, 64)),
      Error);
  EXPECT_THROW(plan_attention(mask, -1, 64, 1, 1), Error);
  EXPECT_THROW(plan_attention(mask, 64, 64, 3, 1, {.kv_heads = 2}), Error);
  EXPECT_THROW(plan_attention(mask, 64, 64, 1, 1, {.threads = 2000}), Error);
  EXPECT_THROW(plan_attention(mask, 64, 64, 1, 1, {.dtype = DType::i8}), Error);
  EXPECT_THROW(plan_attention(mask, 64, 64, 1, 1, {.kernel = "attention/nothing"}), Error);
  plan_attention(mask, 64, 64, 0, 5).run(nullptr, nullptr, nullptr, nullptr);
}
