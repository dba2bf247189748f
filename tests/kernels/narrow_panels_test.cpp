// How B comes into panels of words, and the order of A's columns that makes its words few.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

#include "core/bfloat16.hpp"
#include "formats/generate.hpp"
#include "kernels/narrow/panels.hpp"
#include "kernels/narrow/sequence.hpp"
#include "support/guarded.hpp"

using namespace tulle;

TEST(NarrowPanels, HoldEveryElementAndZerosBehind) {
  for (const DType source : {DType::f32, DType::bf16, DType::i8, DType::u8})
    for (const Index k : {1, 2, 3, 4, 7, 8, 30})
      for (const Index n : {1, 15, 16, 17, 50}) {
        const Index ld = n + 3, size = static_cast<Index>(size_bytes(source));
        test::Guarded floats(((k - 1) * ld + n) * size / 4 + 1);
        const auto count = static_cast<std::size_t>((k - 1) * ld + n);
        auto* first = reinterpret_cast<std::uint8_t*>(floats.data() + floats.size()) -
                      count * static_cast<std::size_t>(size);
        std::mt19937 random(5);
        for (std::size_t i = 0; i < count * static_cast<std::size_t>(size); ++i)
          first[i] = static_cast<std::uint8_t>(random());
        const DType type = narrow::panel_type(source);
        const Index in_word = narrow::values_in_word(type), words = narrow::words_of(type, k);
        const Index tiles = (n + kLanes - 1) / kLanes;
        test::Guarded panels(tiles * words * kLanes);
        narrow::pack_panels({first, source, k, n, ld}, 0, tiles, panels.data());
        for (Index t = 0; t < tiles; ++t)
          for (Index row = 0; row < words * in_word; ++row)
            for (Index lane = 0; lane < kLanes; ++lane) {
              const Index column = t * kLanes + lane, at = row * ld + column;
              std::uint32_t want = 0;
              if (row < k && column < n) {
                if (source == DType::f32) {
                  float x;
                  std::memcpy(&x, first + at * 4, 4);
                  want = std::bit_cast<std::uint16_t>(BFloat16(x));
                } else {
                  std::memcpy(&want, first + at * size, static_cast<std::size_t>(size));
                  if (source == DType::i8) want ^= 0x80;
                }
              }
              std::uint32_t word;
              std::memcpy(&word, panels.data() + (t * words + row / in_word) * kLanes + lane, 4);
              const Index bits = 32 / in_word;
              ASSERT_EQ(word >> (row % in_word * bits) & ((1u << bits) - 1), want)
                  << name(source) << ", row " << row << ", column " << column << " of " << k << " x " << n;
            }
      }
}

TEST(NarrowPanels, TakeRowsInAnySequenceAndPanels) {
  constexpr Index k = 22, n = 70, ld = k * kLanes + 5, words = (k + 3) / 4, tiles = 5;
  std::vector<std::uint8_t> rows(k * n), lying(tiles * ld);
  std::mt19937 random(6);
  for (Index i = 0; i < k; ++i)
    for (Index j = 0; j < n; ++j)
      lying[j / kLanes * ld + i * kLanes + j % kLanes] = rows[i * n + j] =
          static_cast<std::uint8_t>(random());
  std::vector<std::int32_t> sequence(k);
  for (std::int32_t i = 0; i < k; ++i) sequence[i] = (i * 7 + 3) % k;
  std::vector<float> one(tiles * words * kLanes), other(one.size());
  narrow::pack_panels({rows.data(), DType::u8, k, n, n, DenseOrder::row_major, sequence}, 0, tiles,
                      one.data());
  narrow::pack_panels({lying.data(), DType::u8, k, n, ld, DenseOrder::panels, sequence}, 0, tiles,
                      other.data());
  const auto byte = [&](const std::vector<float>& panels, Index row, Index column) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(panels.data());
    return bytes[((column / kLanes * words + row / 4) * kLanes + column % kLanes) * 4 + row % 4];
  };
  for (Index i = 0; i < k; ++i)
    for (Index j = 0; j < n; ++j) {
      ASSERT_EQ(byte(one, i, j), rows[sequence[i] * n + j]) << "row " << i << ", column " << j;
      ASSERT_EQ(byte(other, i, j), rows[sequence[i] * n + j]) << "row " << i << ", column " << j;
    }
}

namespace {
/// Blocks of 1 x 4 whose columns were shuffled.
Csr shuffled_blocks(Index rows, Index cols, Index& blocks) {
  std::mt19937 random(8);
  std::vector<std::int32_t> place(static_cast<std::size_t>(cols));
  std::iota(place.begin(), place.end(), 0);
  std::shuffle(place.begin(), place.end(), random);
  Csr a{rows, cols, {0}, {}, {}};
  for (Index i = 0; i < rows; ++i) {
    std::vector<std::int32_t> row;
    for (Index block = 0; block < cols / 4; ++block)
      if (random() % 5 == 0) {
        ++blocks;
        row.insert(row.end(), place.begin() + block * 4, place.begin() + block * 4 + 4);
      }
    std::sort(row.begin(), row.end());
    a.columns.insert(a.columns.end(), row.begin(), row.end());
    a.offsets.push_back(std::ssize(a.columns));
  }
  for (std::size_t e = 0; e < a.columns.size(); ++e) a.values.push_back(static_cast<float>(e % 100 + 1));
  return a;
}
}  // namespace

TEST(NarrowSequence, FindsBlocksWhoseColumnsWereShuffled) {
  if (!contains(cpu_features(), Features::avx512)) GTEST_SKIP() << "is asked for with AVX-512 only";
  for (const Index cols : {60, 512}) {
    Index blocks = 0;
    const Csr a = shuffled_blocks(100, cols, blocks);
    const std::vector<std::int32_t> sequence = narrow::fewest_words(a.view(), DType::i8);
    ASSERT_EQ(std::ssize(sequence), cols);
    EXPECT_EQ(narrow::pack_words(narrow::reordered(a.view(), sequence).view(), DType::i8).view().nnz(),
              blocks);
  }
}

TEST(NarrowSequence, NamesEveryColumnOnceAndLeavesAloneWhatItCannotBetter) {
  if (!contains(cpu_features(), Features::avx512)) GTEST_SKIP() << "is asked for with AVX-512 only";
  for (const DType dtype : {DType::bf16, DType::i8})
    for (const Index cols : {1, 2, 3, 5, 53, 131, 513, 1030}) {
      std::vector<std::int32_t> sequence =
          narrow::fewest_words(generate::uniform(70, cols, 0.9, 1).view(), dtype);
      std::sort(sequence.begin(), sequence.end());
      for (std::size_t c = 0; c < sequence.size(); ++c) ASSERT_EQ(sequence[c], static_cast<std::int32_t>(c));
      EXPECT_TRUE(narrow::fewest_words(generate::uniform(7, cols, 0, 1).view(), dtype).empty());
    }
}

TEST(NarrowPanels, RoundToNearestEvenAlsoTheEdges) {
  const float cases[] = {0,
                         -0.0f,
                         1 + 0x1p-8f,
                         1 + 0x1p-8f + 0x1p-20f,
                         1 + 3 * 0x1p-8f,
                         3.4e38f,
                         -3.4e38f,
                         INFINITY,
                         -INFINITY,
                         std::nanf(""),
                         0x1p-126f,
                         0x1p-130f,
                         0x1p-149f,
                         -0x1p-134f,
                         65280,
                         1e-45f};
  const std::uint16_t want[] = {0,      0x8000, 0x3f80, 0x3f81, 0x3f82, 0x7f80, 0xff80, 0x7f80,
                                0xff80, 0x7fc0, 0x0080, 0x0008, 0,      0x8000, 0x477f, 0};
  std::vector<float> b(cases, cases + 16);
  b.insert(b.end(), cases, cases + 16);
  std::vector<float> panel(16);
  narrow::pack_panels({b.data(), DType::f32, 2, 16, 16}, 0, 1, panel.data());
  for (std::size_t i = 0; i < 16; ++i) {
    const auto word = std::bit_cast<std::uint32_t>(panel[i]);
    EXPECT_EQ(word & 0xffff, want[i]) << cases[i];
    EXPECT_EQ(word >> 16, want[i]) << cases[i];
  }
}
