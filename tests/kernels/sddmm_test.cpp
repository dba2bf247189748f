#include <gtest/gtest.h>

#include <cmath>

#include "core/bfloat16.hpp"
#include "kernels/sddmm/kernel.hpp"
#include "support/guarded.hpp"
#include "support/kernel_list.hpp"
#include "support/masks.hpp"
#include "tulle/formats.hpp"

using namespace tulle;
using namespace tulle::sddmm;
using test::Guarded;

namespace {
class Sddmm : public test::EveryKernel<Kernel> {};
const auto kAll = kernels(DType::bf16);
INSTANTIATE_TEST_SUITE_P(Kernels, Sddmm, testing::ValuesIn(kAll.begin(), kAll.end()));

double number(float x, DType dtype) {
  return dtype == DType::bf16 ? float(BFloat16(x)) : x;
}

// Operands whose rows end at a page that may not be touched; `pad` numbers lie between rows.
struct Data {
  Index d, stride;
  Csr pattern;
  Guarded q, k, values, scratch;
  Data(const Problem& p, const Prepared& prepared, Index pad)
      : d(p.d),
        stride(p.d + pad),
        pattern(p.mask.to_csr()),
        q(std::max<Index>(0, p.mask.queries() * stride - pad)),
        k(std::max<Index>(0, p.mask.keys() * stride - pad)),
        values(p.mask.entries()),
        scratch(prepared.scratch_floats() + 16) {
    q.randomize(1), k.randomize(2);
  }
  /// What a score should be, and the sum of its terms' sizes.
  std::pair<double, double> score(const Problem& p, Index i, Index j, DType rounds) {
    double want = 0, size = 0;
    for (Index x = 0; x < d; ++x) {
      const double term =
          double(p.scale) * number(q[i * stride + x], rounds) * number(k[j * stride + x], rounds);
      want += term, size += std::abs(term);
    }
    return {want, size};
  }
  float* aligned() {
    return reinterpret_cast<float*>((reinterpret_cast<std::uintptr_t>(scratch.data()) + 63) / 64 * 64);
  }
  void run(const Prepared& prepared, Index first, Index last) {
    prepared.run({q.data(), stride}, {k.data(), stride}, values.data(), aligned(), first, last);
  }
};

void expect(const Problem& p, Data& t, DType rounds) {
  for (Index i = 0; i < p.mask.queries(); ++i)
    for (Index e = t.pattern.offsets[static_cast<std::size_t>(i)];
         e < t.pattern.offsets[static_cast<std::size_t>(i) + 1]; ++e) {
      const Index j = t.pattern.columns[static_cast<std::size_t>(e)];
      const auto [want, size] = t.score(p, i, j, rounds);
      ASSERT_NEAR(t.values[e], want, static_cast<double>(p.d + 2) * 0x1p-24 * size)
          << "query " << i << ", key " << j;
    }
}
}  // namespace

TEST_P(Sddmm, MatchesTheDefinitionForEveryMask) {
  for (const AttentionMask& mask : test::masks())
    for (const Index d : {1, 8, 40, 64, 80, 128, 150}) {
      const Problem p{mask, d, 0.3f};
      if (kernel.refuse(p)) continue;
      const auto prepared = kernel.prepare(p);
      Data t(p, *prepared, d % 3);
      t.run(*prepared, 0, static_cast<Index>(prepared->work().size()) - 1);
      expect(p, t, kernel.rounds_to);
      if (HasFatalFailure())
        FAIL() << mask.queries() << " x " << mask.keys() << ", " << mask.entries() << " entries, d " << d;
    }
}

TEST_P(Sddmm, GivesWholeBlocksInTheOrderOfBsr) {
  for (const AttentionMask& mask : test::masks())
    for (const auto& [rows, cols] : {std::pair<Index, Index>{8, 16}, {16, 16}, {32, 64}, {48, 80}, {5, 7}}) {
      const Problem p{mask, 40, 0.3f, rows, cols};
      if (kernel.refuse(p)) continue;
      const auto prepared = kernel.prepare(p);
      const Bsr bsr = to_bsr(mask.to_csr().view(), rows, cols);
      Data t(p, *prepared, 1);
      Guarded values(static_cast<Index>(bsr.values.size()));
      const Index groups = static_cast<Index>(prepared->work().size()) - 1;
      for (Index g = groups - 1; g >= 0; --g)
        prepared->run({t.q.data(), t.stride}, {t.k.data(), t.stride}, values.data(), t.aligned(), g, g + 1);
      Index at = 0;
      for (std::size_t row = 0; row + 1 < bsr.offsets.size(); ++row)
        for (Index b = bsr.offsets[row]; b < bsr.offsets[row + 1]; ++b)
          for (Index r = 0; r < rows; ++r)
            for (Index c = 0; c < cols; ++c, ++at) {
              const Index i = static_cast<Index>(row) * rows + r,
                          j = bsr.columns[static_cast<std::size_t>(b)] * cols + c;
              double want = 0, size = 0;
              if (i < mask.queries() && j < mask.keys())
                std::tie(want, size) = t.score(p, i, j, kernel.rounds_to);
              ASSERT_NEAR(values[at], want, 42 * 0x1p-24 * size)
                  << rows << " x " << cols << ", " << i << ", " << j;
            }
    }
}

TEST_P(Sddmm, BlocksMayBeSharedOutAndGiveTheSameBits) {
  for (const char* text : {"band:9", "random:0.2", "causal"}) {
    const AttentionMask mask = AttentionMask::named(text, test::kTokens, test::kTokens);
    const Problem p{mask, 24, 1};
    if (kernel.refuse(p)) continue;
    const auto prepared = kernel.prepare(p);
    const Index blocks = static_cast<Index>(prepared->work().size()) - 1;
    Data whole(p, *prepared, 0), cut(p, *prepared, 0);
    whole.run(*prepared, 0, blocks);
    for (Index b = blocks - 1; b >= 0; --b) cut.run(*prepared, b, b + 1);
    for (Index e = 0; e < mask.entries(); ++e) ASSERT_EQ(whole.values[e], cut.values[e]) << text << " " << e;
  }
}

TEST_P(Sddmm, NotANumberStaysInTheEntriesOfItsKey) {
  const AttentionMask mask = AttentionMask::window(test::kTokens, test::kTokens, 7, 0);
  const Problem p{mask, 40, 1};
  if (kernel.refuse(p)) return;
  const auto prepared = kernel.prepare(p);
  Data t(p, *prepared, 0);
  for (Index x = 0; x < p.d; ++x) t.k[50 * t.stride + x] = std::nanf("");
  t.run(*prepared, 0, static_cast<Index>(prepared->work().size()) - 1);
  for (std::size_t e = 0; e < t.pattern.columns.size(); ++e)
    EXPECT_EQ(std::isnan(t.values[static_cast<Index>(e)]), t.pattern.columns[e] == 50);
}

TEST(SddmmKernels, CostModelsPreferTilesWhereTheyAreFullAndEntriesWhereTheyAreNot) {
  const auto cost = [](std::string_view name, const AttentionMask& mask) {
    for (const Kernel* kernel : kernels())
      if (kernel->name == name) return kernel->cost_us({mask, 64, 1});
    return 0.0;
  };
  const AttentionMask band = AttentionMask::named("band:64", 512, 512);
  const AttentionMask scattered = AttentionMask::named("random:0.05", 512, 512);
  EXPECT_LT(cost("sddmm/avx512/tiles", band), cost("sddmm/avx512/entries", band));
  EXPECT_GT(cost("sddmm/avx512/tiles", scattered), cost("sddmm/avx512/entries", scattered));
}
