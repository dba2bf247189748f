#include <gtest/gtest.h>

#include <cmath>

#include "core/bfloat16.hpp"
#include "kernels/sparse_attention/kernel.hpp"
#include "support/guarded.hpp"
#include "support/kernel_list.hpp"
#include "support/masks.hpp"

using namespace tulle;
using namespace tulle::sparse_attention;
using test::Guarded;

namespace {
class SparseAttention : public test::EveryKernel<Kernel> {};
const auto kAll = kernels(DType::bf16);
INSTANTIATE_TEST_SUITE_P(Kernels, SparseAttention, testing::ValuesIn(kAll.begin(), kAll.end()));

// Operands whose rows end at a page that may not be touched; `pad` numbers lie between rows.
struct Data {
  const Problem& p;
  Index d_stride, v_stride;
  Guarded q, k, v, o, scratch;
  Data(const Problem& problem, const Prepared& prepared, Index pad)
      : p(problem),
        d_stride(p.d + pad),
        v_stride(p.d_v + pad),
        q(std::max<Index>(0, p.mask.queries() * d_stride - pad)),
        k(std::max<Index>(0, p.mask.keys() * d_stride - pad)),
        v(std::max<Index>(0, p.mask.keys() * v_stride - pad)),
        o(std::max<Index>(0, p.mask.queries() * v_stride - pad)),
        scratch(prepared.scratch_floats() + 16) {
    q.randomize(1, -2, 2), k.randomize(2, -2, 2), v.randomize(3);
  }
  void run(const Prepared& prepared, Index first, Index last) {
    const auto aligned = (reinterpret_cast<std::uintptr_t>(scratch.data()) + 63) / 64 * 64;
    prepared.run({{q.data(), d_stride}, {k.data(), d_stride}, {v.data(), v_stride}, o.data(), v_stride},
                 reinterpret_cast<float*>(aligned), first, last);
  }
  void run(const Prepared& prepared) { run(prepared, 0, static_cast<Index>(prepared.work().size()) - 1); }
};

double number(float x, DType dtype) {
  return dtype == DType::bf16 ? float(BFloat16(x)) : x;
}

// Scores differ by at most `slack` from those in f32, so weights by that factor of themselves; and by 2^-8
// where they are rounded to bf16, as Q, K and V have been before.
void expect_query(Data& t, Index i, const std::vector<Index>& keys, DType rounds) {
  const Problem& p = t.p;
  std::vector<double> weights;
  double top = -1e300, total = 0, slack = 0;
  for (const Index j : keys) {
    double score = 0, size = 0;
    for (Index e = 0; e < p.d; ++e) {
      const double term =
          double(p.scale) * number(t.q[i * t.d_stride + e], rounds) * number(t.k[j * t.d_stride + e], rounds);
      score += term, size += std::abs(term);
    }
    weights.push_back(score);
    top = std::max(top, score);
    slack = std::max(slack, static_cast<double>(p.d + 6) * 0x1p-24 * size);
  }
  for (double& weight : weights) total += weight = std::exp(weight - top);
  for (Index e = 0; e < p.d_v; ++e) {
    double want = 0, size = 0;
    for (std::size_t x = 0; x < keys.size(); ++x) {
      const double term = weights[x] / total * number(t.v[keys[x] * t.v_stride + e], rounds);
      want += term, size += std::abs(term);
    }
    const double rounding = rounds == DType::bf16 ? 0x1p-8 : 0;
    const double bound = (2 * slack + rounding + (static_cast<double>(keys.size()) + 20) * 0x1p-24) * size;
    ASSERT_NEAR(t.o[i * t.v_stride + e], want, bound) << "query " << i << ", dimension " << e;
  }
}

void expect(Data& t, DType rounds) {
  for (Index i = 0; i < t.p.mask.queries(); ++i) {
    std::vector<Index> keys;
    for (const KeyRange& range : t.p.mask.row(i))
      for (Index j = range.first; j < range.last; ++j) keys.push_back(j);
    expect_query(t, i, keys, rounds);
  }
}
}  // namespace

TEST_P(SparseAttention, MatchesTheDefinitionForEveryMask) {
  for (const AttentionMask& mask : test::masks())
    for (const Index d : {1, 8, 40, 64, 80, 150}) {
      const Problem p{mask, d, d == 64 ? 64 : 129 - d % 129, 0.3f};
      if (kernel.refuse(p)) continue;
      const auto prepared = kernel.prepare(p);
      Data t(p, *prepared, d % 3);
      t.run(*prepared);
      expect(t, kernel.rounds_to);
      if (HasFatalFailure())
        FAIL() << mask.queries() << " x " << mask.keys() << ", " << mask.entries() << " entries, d " << d
               << ", " << p.d_v;
    }
}

TEST_P(SparseAttention, BlocksMayBeSharedOutAndGiveTheSameBits) {
  for (const char* text : {"band:9", "random:0.2", "causal"}) {
    const AttentionMask mask = AttentionMask::named(text, test::kTokens, test::kTokens);
    const Problem p{mask, 24, 40, 1};
    const auto prepared = kernel.prepare(p);
    Data whole(p, *prepared, 0), cut(p, *prepared, 0);
    whole.run(*prepared);
    for (Index b = static_cast<Index>(prepared->work().size()) - 2; b >= 0; --b) cut.run(*prepared, b, b + 1);
    for (Index e = 0; e < whole.o.size(); ++e) ASSERT_EQ(whole.o[e], cut.o[e]) << text << " " << e;
  }
}

TEST_P(SparseAttention, WhatIsMaskedOutMayBeNotANumberOrInfinite) {
  const AttentionMask mask = AttentionMask::window(test::kTokens, test::kTokens, 20, 0) &
                             AttentionMask::random(test::kTokens, test::kTokens, 0.7, 1);
  const Problem p{mask, 24, 40, 1};
  const auto prepared = kernel.prepare(p);
  Data clean(p, *prepared, 0), dirty(p, *prepared, 0);
  for (Index e = 0; e < p.d; ++e) dirty.k[50 * dirty.d_stride + e] = std::nanf("");
  dirty.v[50 * dirty.v_stride + 3] = std::nanf("");
  dirty.v[50 * dirty.v_stride + 4] = INFINITY;
  clean.run(*prepared);
  dirty.run(*prepared);
  for (Index i = 0; i < test::kTokens; ++i) {
    bool sees = false;
    for (const KeyRange& range : mask.row(i)) sees |= range.first <= 50 && 50 < range.last;
    for (Index e = 0; e < p.d_v; ++e)
      if (sees)
        EXPECT_TRUE(std::isnan(dirty.o[i * dirty.v_stride + e])) << i;
      else
        EXPECT_NEAR(dirty.o[i * dirty.v_stride + e], clean.o[i * clean.v_stride + e], 1e-6) << i;
  }
}

TEST_P(SparseAttention, LargeScoresDoNotOverflow) {
  const AttentionMask mask = AttentionMask::named("band:9", 40, 40);
  const Problem p{mask, 16, 16, 1000};
  const auto prepared = kernel.prepare(p);
  Data t(p, *prepared, 0);
  t.run(*prepared);
  const double most = kernel.rounds_to == DType::bf16 ? 1 + 0x1p-8 : 1.0001;
  for (Index e = 0; e < t.o.size(); ++e) ASSERT_LE(std::abs(t.o[e]), most) << e;
}
