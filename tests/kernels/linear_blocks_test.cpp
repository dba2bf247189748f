#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "kernels/linear/kernel.hpp"
#include "support/guarded.hpp"
#include "support/kernel_list.hpp"

using namespace tulle;
using linear::Kernel;

namespace {
struct Block {
  Index rows, cols;
};

/// A whose aligned blocks are full or empty, on three tiles of panels, the last of 5 columns.
struct Case {
  Case(Index rows, Index cols, Block block, double density) : b(3 * cols * kLanes), c(3 * rows * kLanes) {
    std::mt19937 bits(11);
    std::uniform_real_distribution<float> real(0, 1);
    std::vector<bool> there(static_cast<std::size_t>(cols));
    a.rows = rows, a.cols = cols;
    for (Index i = 0; i < rows; ++i) {
      for (Index k = 0; i % block.rows == 0 && k < cols; ++k)
        there[static_cast<std::size_t>(k)] =
            k % block.cols ? there[static_cast<std::size_t>(k - 1)] : real(bits) < density;
      for (Index k = 0; k < cols; ++k)
        if (there[static_cast<std::size_t>(k)]) {
          a.columns.push_back(static_cast<std::int32_t>(k));
          a.values.push_back(real(bits) - 0.5f);
        }
      a.offsets.push_back(std::ssize(a.values));
      bias.push_back(real(bits));
    }
    for (Index k = 0; k < cols; ++k) offsets.push_back(static_cast<std::int32_t>(k * kLanes));
    for (Index t = 0; t < 3; ++t)
      tiles.push_back({t * cols * kLanes, t * rows * kLanes, 0, t == 2 ? 0x1fu : 0xffffu});
    b.randomize(4);
  }
  linear::Problem problem() const {
    linear::Problem p{.a = a.view(), .b_offsets = offsets, .bias = bias};
    p.mask = true;
    p.activation = {ActivationKind::relu};
    p.tiles = 3;
    return p;
  }
  void check() {
    for (const linear::Tile& tile : tiles)
      for (Index i = 0; i < a.rows; ++i)
        for (Index lane = 0; lane < kLanes; ++lane) {
          double want = bias[i], size = want;
          for (Index e = a.offsets[i]; e < a.offsets[i + 1]; ++e) {
            const double term = double(a.values[e]) * b[tile.b + a.columns[e] * kLanes + lane];
            want += term, size += std::abs(term);
          }
          want = tile.lanes >> lane & 1 ? std::max(want, 0.0) : 0;
          const double nnz = double(a.offsets[i + 1] - a.offsets[i]);
          ASSERT_NEAR(c[tile.c + i * kLanes + lane], want, (nnz + 2) * 0x1p-24 * size)
              << "row " << i << ", lane " << lane;
        }
  }
  Csr a{0, 0, {0}, {}, {}};
  std::vector<float> bias;
  std::vector<std::int32_t> offsets;
  std::vector<linear::Tile> tiles;
  test::Guarded b, c;
};

class LinearBlocks : public test::EveryKernel<Kernel> {};
std::string name_of(const testing::TestParamInfo<const Kernel*>& info) {
  std::string name(info.param->name);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(Kernels, LinearBlocks,
                         testing::ValuesIn(linear::kernels().begin(), linear::kernels().end()), name_of);
}  // namespace

TEST_P(LinearBlocks, KeepTheBound) {
  for (const Block block : {Block{1, 4}, {4, 1}, {4, 4}, {8, 8}, {16, 1}, {16, 16}, {32, 32}})
    for (const double density : {0.1, 0.5})
      for (const Index rows : {4, 37, 96}) {
        SCOPED_TRACE(testing::Message() << block.rows << " x " << block.cols << ", " << rows << " rows");
        Case t(rows, 203, block, density);
        if (kernel.refuse(t.problem())) continue;
        const auto prepared = kernel.prepare(t.problem());
        prepared->run(t.tiles, 0, prepared->blocks(), t.b.data(), t.c.data(), nullptr);
        ASSERT_NO_FATAL_FAILURE(t.check());
      }
}

TEST(LinearBlocksKernel, TakesRowsThatShareColumnsAndNoOthers) {
  for (const Kernel* kernel : linear::kernels()) {
    if (!kernel->name.ends_with("/blocks")) continue;
    EXPECT_EQ(kernel->refuse(Case(37, 60, {4, 1}, 0.5).problem()), std::nullopt);
    EXPECT_EQ(kernel->refuse(Case(64, 60, {32, 32}, 0.5).problem()), std::nullopt);
    EXPECT_EQ(kernel->refuse(Case(8, 60, {1, 1}, 0.5).problem()),
              "rows 0 and 1 have other columns; want 4 at a time with the same");
    Case apart(8, 4, {4, 1}, 1);
    apart.offsets = {0, 16, 40, 64};
    EXPECT_EQ(kernel->refuse(apart.problem()), "row 2 of B lies at 40; want rising multiples of 16");
  }
}
