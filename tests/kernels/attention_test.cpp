#include <gtest/gtest.h>

#include <cmath>

#include "kernels/attention/kernel.hpp"
#include "support/guarded.hpp"
#include "support/kernel_list.hpp"

using namespace tulle;
using namespace tulle::attention;
using test::Guarded;

namespace {
class Attention : public test::EveryKernel<Kernel> {};
INSTANTIATE_TEST_SUITE_P(Kernels, Attention, testing::ValuesIn(kernels().begin(), kernels().end()));

struct Case {
  Index groups, heads, kv_heads, head_dim, value_dim, queries, keys;
};
constexpr Case kCases[] = {{1, 1, 1, 1, 1, 1, 1},     {2, 3, 3, 32, 32, 37, 37}, {1, 2, 1, 19, 23, 5, 49},
                           {1, 4, 2, 64, 64, 16, 16}, {2, 2, 2, 8, 40, 33, 3},   {1, 1, 1, 17, 16, 20, 300}};
enum MaskKind { kNone, kKeys, kQueries, kEverything };

Problem problem(const Case& c, MaskKind mask) {
  Problem p{{test::panels(c.groups, c.heads * c.head_dim + 2, 1, c.queries, c.queries), 2},
            {test::panels(c.groups, c.kv_heads * c.head_dim, 1, c.keys, c.keys), 0},
            {test::panels(c.groups, c.kv_heads * c.value_dim + 1, 1, c.keys, c.keys), 1},
            {test::panels(c.groups, c.heads * c.value_dim, 1, c.queries, c.queries), 0},
            c.heads,
            c.kv_heads,
            c.head_dim,
            c.value_dim,
            1 / std::sqrt(static_cast<float>(c.head_dim))};
  p.masked = mask != kNone;
  if (mask == kKeys) p.mask_group = c.keys;
  if (mask == kQueries) p.mask_query = c.keys;
  if (mask == kEverything)
    p.mask_query = c.keys, p.mask_head = c.queries * c.keys, p.mask_group = c.heads * p.mask_head;
  return p;
}

struct Data {
  Guarded q, k, v, o, mask, scratch;
  explicit Data(const Problem& p)
      : q(test::floats_of(p.q.layout)),
        k(test::floats_of(p.k.layout)),
        v(test::floats_of(p.v.layout)),
        o(test::floats_of(p.o.layout)),
        mask((p.q.layout.groups - 1) * p.mask_group + (p.heads - 1) * p.mask_head +
             (p.queries() - 1) * p.mask_query + p.keys()),
        scratch(scratch_floats(p)) {
    q.randomize(1, -3, 3), k.randomize(2, -3, 3), v.randomize(3);
    for (Index i = 0; i < mask.size(); ++i)
      mask[i] = i % 3 == 1 ? -10000.0f : static_cast<float>(i % 5) * 0.3f;
  }
};

double want(const Problem& p, Data& t, Index g, Index h, Index i, Index d) {
  const Index kv = h * p.kv_heads / p.heads;
  std::vector<double> score;
  for (Index j = 0; j < p.keys(); ++j) {
    double s = 0;
    for (Index e = 0; e < p.head_dim; ++e)
      s += double(t.q[p.q.layout.at(g, p.q.first_feature + h * p.head_dim + e, 0, i)]) *
           t.k[p.k.layout.at(g, p.k.first_feature + kv * p.head_dim + e, 0, j)];
    s *= p.scale;
    if (p.masked) s += t.mask[g * p.mask_group + h * p.mask_head + i * p.mask_query + j];
    score.push_back(s);
  }
  const double top = *std::max_element(score.begin(), score.end());
  double total = 0, sum = 0;
  for (Index j = 0; j < p.keys(); ++j) {
    const double weight = std::exp(score[static_cast<std::size_t>(j)] - top);
    total += weight;
    sum += weight * t.v[p.v.layout.at(g, p.v.first_feature + kv * p.value_dim + d, 0, j)];
  }
  return sum / total;
}

void expect(const Problem& p, Data& t) {
  for (Index g = 0; g < p.q.layout.groups; ++g)
    for (Index h = 0; h < p.heads; ++h)
      for (Index d = 0; d < p.value_dim; ++d)
        for (Index i = 0; i < p.query_tiles() * kLanes; ++i) {
          const double value = i < p.queries() ? want(p, t, g, h, i, d) : 0;
          const Index at =
              p.o.layout.at(g, h * p.value_dim + d, 0, 0) + i / kLanes * p.o.layout.tile_stride + i % kLanes;
          ASSERT_NEAR(t.o[at], value, 3e-6)
              << "group " << g << " head " << h << " query " << i << " dim " << d;
        }
}
}  // namespace

TEST_P(Attention, MatchesTheDefinitionForEveryKindOfMask) {
  for (const Case& c : kCases)
    for (const MaskKind mask : {kNone, kKeys, kQueries, kEverything}) {
      const Problem p = problem(c, mask);
      ASSERT_EQ(refuse(p), std::nullopt);
      Data t(p);
      kernel.run(p, t.q.data(), t.k.data(), t.v.data(), t.mask.data(), t.o.data(), t.scratch.data(), 0,
                 p.items());
      expect(p, t);
      if (HasFatalFailure()) FAIL() << c.keys << " keys, mask " << mask;
    }
}

TEST_P(Attention, ItemsMayBeSharedOutAndPaddingIsNotRead) {
  const Problem p = problem(kCases[1], kKeys);
  Data t(p);
  for (Index g = 0; g < p.k.layout.groups; ++g)
    for (Index f = 0; f < p.v.layout.features; ++f)
      for (Index lane = p.keys() % kLanes; lane < kLanes; ++lane)
        t.v[p.v.layout.at(g, f, 0, p.keys() - 1) / kLanes * kLanes + lane] = std::nanf("");
  for (Index i = p.items() - 1; i >= 0; --i)
    kernel.run(p, t.q.data(), t.k.data(), t.v.data(), t.mask.data(), t.o.data(), t.scratch.data(), i, i + 1);
  expect(p, t);
}

TEST(AttentionProblem, RefusesWithTheNumbers) {
  Problem p = problem(kCases[1], kNone);
  p.k.layout = test::row_major(2, 37, 96, 96);
  EXPECT_EQ(refuse(p), "K is no panel of tokens: lane stride 96, feature stride 1, height 1");
  p = problem(kCases[1], kNone);
  p.v.first_feature = 2;
  EXPECT_EQ(refuse(p), "V has 97 features, less than 2 + 3 heads of 32");
  p.kv_heads = 2;
  EXPECT_NE(refuse(p), std::nullopt);
}
