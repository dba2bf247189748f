#include "tulle/attention_mask.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "formats/mask_tiles.hpp"

using namespace tulle;

namespace {
bool kept(const AttentionMask& mask, Index i, Index j) {
  for (const KeyRange& range : mask.row(i))
    if (range.first <= j && j < range.last) return true;
  return false;
}

void expect(const AttentionMask& mask, const std::function<bool(Index, Index)>& want) {
  Index entries = 0;
  for (Index i = 0; i < mask.queries(); ++i) {
    std::int32_t end = -1;
    for (const KeyRange& range : mask.row(i)) {
      EXPECT_LT(range.first, range.last);
      EXPECT_GT(range.first, end) << "query " << i;  // neither touching nor falling
      end = range.last;
    }
    for (Index j = 0; j < mask.keys(); ++j) {
      EXPECT_EQ(kept(mask, i, j), want(i, j)) << i << ", " << j;
      entries += want(i, j);
    }
  }
  EXPECT_EQ(mask.entries(), entries);
}
}  // namespace

TEST(AttentionMask, ContainsWhatItsNameSays) {
  expect(AttentionMask::full(3, 5), [](Index, Index) { return true; });
  expect(AttentionMask::causal(9, 7), [](Index i, Index j) { return j <= i; });
  expect(AttentionMask::causal(4, 9, 5), [](Index i, Index j) { return j <= 5 + i; });
  expect(AttentionMask::window(20, 17, 3, 2), [](Index i, Index j) { return i - j <= 3 && j - i <= 2; });
  expect(AttentionMask::window(5, 30, 2, 0, 8),
         [](Index i, Index j) { return i + 8 - j <= 2 && j <= i + 8; });
  const std::uint8_t blocks[] = {1, 0, 1, 0, 0, 1};
  expect(AttentionMask::blocks(7, 8, 4, 3, blocks),
         [&](Index i, Index j) { return blocks[i / 4 * 3 + j / 3] != 0; });
  const Index verticals[] = {2, 0}, slashes[] = {0, 4};
  expect(AttentionMask::vertical_slash(11, verticals, slashes),
         [](Index i, Index j) { return j <= i && (j == 2 || j == 0 || i - j == 0 || i - j == 4); });
  expect(AttentionMask::bigbird(50, {.block = 8, .window = 3, .global = 1, .random = 0}),
         [](Index i, Index j) { return i < 8 || j < 8 || std::abs(i / 8 - j / 8) <= 1; });
}

TEST(AttentionMask, KeepsThePatternOfACsrMatrixAndGivesItBack) {
  const Csr csr = make_csr(3, 9, {0, 4, 4, 5}, {0, 3, 4, 8, 5}, {1, 1, 1, 1, 1});
  const AttentionMask mask = AttentionMask::pattern(csr.view());
  EXPECT_EQ(mask.to_csr(), csr);
  EXPECT_EQ(mask.row(0).size(), 3u);
  EXPECT_DOUBLE_EQ(mask.density(), 5.0 / 27);
}

TEST(AttentionMask, BothAndEitherKeepWhatTheyShould) {
  const AttentionMask a = AttentionMask::random(21, 33, 0.4, 1), b = AttentionMask::window(21, 33, 9, 9);
  expect(a & b, [&](Index i, Index j) { return kept(a, i, j) && kept(b, i, j); });
  expect(a | b, [&](Index i, Index j) { return kept(a, i, j) || kept(b, i, j); });
  EXPECT_THROW(a & AttentionMask::full(21, 32), Error);
}

TEST(AttentionMask, RandomHasItsDensityAndItsSeed) {
  const AttentionMask mask = AttentionMask::random(200, 300, 0.1, 7);
  EXPECT_NEAR(mask.density(), 0.1, 0.01);
  EXPECT_EQ(mask, AttentionMask::random(200, 300, 0.1, 7));
  EXPECT_EQ(AttentionMask::random(20, 30, 1, 7).entries(), 600);
}

TEST(AttentionMask, IsMadeFromText) {
  EXPECT_EQ(AttentionMask::named("band:3", 9, 9), AttentionMask::window(9, 9, 3, 3));
  EXPECT_EQ(AttentionMask::named("window:4,0", 9, 12), AttentionMask::window(9, 12, 4, 0));
  EXPECT_EQ(AttentionMask::named("causal", 9, 9), AttentionMask::causal(9, 9));
  EXPECT_EQ(AttentionMask::named("bigbird:4,3,1,2", 40, 40), AttentionMask::bigbird(40, {4, 3, 1, 2, 1}));
  EXPECT_EQ(AttentionMask::named("block:4,1", 9, 7), AttentionMask::full(9, 7));
  EXPECT_EQ(AttentionMask::named("slash:0,1", 9, 9), AttentionMask::window(9, 9, 0, 0));
}

TEST(AttentionMask, RefusesWithTheNumbers) {
  EXPECT_THROW(AttentionMask::full(-1, 4), Error);
  EXPECT_THROW(AttentionMask::full(4, Index{1} << 31), Error);
  EXPECT_THROW(AttentionMask::window(4, 4, -1, 0), Error);
  EXPECT_THROW(AttentionMask::random(4, 4, 1.5, 1), Error);
  EXPECT_THROW(AttentionMask::blocks(4, 4, 0, 1, {}), Error);
  EXPECT_THROW(AttentionMask::bigbird(4, {.block = 0}), Error);
  for (const char* text : {"", "bend:3", "band", "band:x", "band:3,4", "band:-1", "band:3,", "block:0,0.5",
                           "random:nan", "causal:1", "window:1e12,0"})
    EXPECT_THROW(AttentionMask::named(text, 8, 8), Error) << text;
  EXPECT_THROW(AttentionMask::named("bigbird:4,3,1,2", 8, 9), Error);
}

TEST(MaskTiles, HoldEveryEntryOnceAndSayWhereItsValueBelongs) {
  for (const char* text :
       {"full", "causal", "band:9", "bigbird:8,3,1,2", "slash:5,4", "random:0.1", "random:0"}) {
    const AttentionMask mask = AttentionMask::named(text, 43, 43);
    const Csr csr = mask.to_csr();
    const MaskTiles tiles(mask);
    EXPECT_EQ(tiles.entry_offsets, csr.offsets) << text;
    ASSERT_EQ(tiles.blocks(), 6);
    Index entries = 0;
    for (Index b = 0; b < tiles.blocks(); ++b)
      for (const MaskTiles::Tile& tile : tiles.block(b))
        for (Index r = 0; r < 8; ++r)
          for (Index j = 0; j < 16; ++j) {
            const bool has =
                tile.mask < 0 ||
                (tiles.masks[static_cast<std::size_t>(tile.mask)][static_cast<std::size_t>(r)] >> j & 1);
            if (!has) continue;
            ++entries;
            ASSERT_LT(b * 8 + r, 43);
            EXPECT_TRUE(kept(mask, b * 8 + r, tile.panel * 16 + j)) << text;
          }
    EXPECT_EQ(entries, mask.entries()) << text;
    EXPECT_NEAR(
        tiles.fill(),
        mask.entries() ? static_cast<double>(entries) / static_cast<double>(128 * tiles.tiles.size()) : 1,
        1e-12);
  }
}
