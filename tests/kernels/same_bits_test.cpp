// The order of summation (linear/kernel.hpp) is the same for all kernels of linear and spmv: whichever a plan
// chooses, by the clock or by the instruction set, the answer has the same bits.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>

#include "core/buffer.hpp"
#include "kernels/linear/kernel.hpp"
#include "kernels/spmv/kernel.hpp"
#include "support/activations.hpp"

using namespace tulle;

namespace {
constexpr Index kTiles = 3, kLead = 40;

enum class Pattern { random, uneven, blocks, full };

struct Shape {
  Index rows = 67, cols = 301;
  Pattern pattern = Pattern::random;
  double density = 0.2;
  bool taps = false;  ///< rows of B: shifted looks at planes, nine to a channel
  bool bias = true, residual = false;
  Activation activation{};
  std::uint32_t last_lanes = 0xffff;
};

struct Case {
  explicit Case(const Shape& s) : shape(s), bits(5) {
    for (Index i = 0; i < s.rows; ++i) {
      for (Index k = 0; k < s.cols; ++k)
        if (uniform(0, 1) < density(i, k)) {
          matrix.columns.push_back(static_cast<std::int32_t>(k));
          matrix.values.push_back(uniform(-1, 1));
        }
      matrix.offsets.push_back(std::ssize(matrix.values));
    }
    matrix.rows = s.rows, matrix.cols = s.cols;
    const Index plane = kLead + kTiles * kLanes + 16;
    for (Index k = 0; k < s.cols; ++k) {
      const Index shift = (k % 9 / 3 - 1) * 13 + k % 3 - 1;
      offsets.push_back(static_cast<std::int32_t>(s.taps ? k / 9 * plane + shift : k * kLanes));
    }
    for (Index t = 0; t < kTiles; ++t)
      tiles.push_back({s.taps ? kLead + t * kLanes : t * s.cols * kLanes, t * s.rows * kLanes,
                       t * s.rows * kLanes, t + 1 < kTiles ? 0xffff : s.last_lanes});
    b = floats(s.taps ? (s.cols + 8) / 9 * plane : kTiles * s.cols * kLanes);
    r = floats(kTiles * s.rows * kLanes);
    if (s.bias) bias = floats(s.rows);
  }
  double density(Index row, Index column) const {
    switch (shape.pattern) {
      case Pattern::uneven:
        return row % 5 == 0 ? 1 : row % 7 == 0 ? 0 : shape.density * static_cast<double>(row % 3);
      case Pattern::blocks:
        return (row / 4 + column / 8) % 3 == 0;
      case Pattern::full:
        return 1;
      default:
        return shape.density;
    }
  }
  float uniform(float low, float high) { return std::uniform_real_distribution<float>(low, high)(bits); }
  /// A fifth of them zeros, of either sign: what relu and the like leave behind.
  std::vector<float> floats(Index count) {
    std::vector<float> all(static_cast<std::size_t>(count));
    for (float& x : all) x = uniform(0, 1) < 0.2f ? std::copysign(0.0f, uniform(-1, 1)) : uniform(-1, 1);
    return all;
  }
  linear::Problem problem() const {
    linear::Problem p;
    p.a = matrix.view();
    p.b_offsets = offsets;
    p.bias = bias;
    p.residual = shape.residual;
    p.activation = shape.activation;
    p.mask = true;
    p.tiles = kTiles;
    for (const linear::Tile& t : tiles) p.lanes += std::popcount(t.lanes);
    return p;
  }

  /// C as tiles; nothing if the kernel refuses.
  std::vector<float> run(const linear::Kernel& kernel) const {
    if (kernel.refuse(problem())) return {};
    std::vector<float> c(r.size());
    const auto prepared = kernel.prepare(problem());
    prepared->run(tiles, 0, prepared->blocks(), b.data(), c.data(), shape.residual ? r.data() : nullptr);
    return c;
  }
  /// The same from a row-major B, with a gap between its rows.
  std::vector<float> run_row_major(const linear::Kernel& kernel) const {
    constexpr Index kLd = kTiles * kLanes + 5;
    linear::Problem p = problem();
    p.mask = false, p.b_ld = kLd;
    if (!kernel.row_major || kernel.refuse(p)) return {};
    std::vector<float> rows(static_cast<std::size_t>(shape.cols * kLd)), c(r.size());
    std::vector<linear::Tile> places = tiles;
    for (Index t = 0; t < kTiles; ++t) {
      places[t].b = t * kLanes;
      for (Index k = 0; k < shape.cols; ++k)
        std::copy_n(b.data() + tiles[t].b + k * kLanes, kLanes, rows.data() + k * kLd + t * kLanes);
    }
    const auto prepared = kernel.prepare(p);
    Buffer<float> panels(static_cast<std::size_t>(prepared->panel_floats(kTiles)));
    prepared->run_row_major(places, rows.data(), panels.data(), c.data(), shape.residual ? r.data() : nullptr);
    return c;
  }
  /// The same by vectors, in tiles.
  std::vector<float> run(const spmv::Kernel& kernel) const {
    constexpr Index kColumns = kTiles * kLanes;
    spmv::Problem p{.a = matrix.view(),
                    .bias = bias,
                    .residual = shape.residual,
                    .activation = shape.activation,
                    .n = kColumns};
    if (kernel.refuse(p)) return {};
    std::vector<float> x, y(static_cast<std::size_t>(kColumns * shape.rows)), rows(y.size()), c(y.size());
    for (Index q = 0; q < kColumns; ++q)
      for (Index k = 0; k < shape.cols; ++k) x.push_back(b[tiles[q / kLanes].b + k * kLanes + q % kLanes]);
    const auto at = [&](Index q, Index i) { return tiles[q / kLanes].c + i * kLanes + q % kLanes; };
    for (Index q = 0; q < kColumns; ++q)
      for (Index i = 0; i < shape.rows; ++i) rows[q * shape.rows + i] = r[at(q, i)];
    const auto prepared = kernel.prepare(p);
    for (Index q = 0, n = 1; q < kColumns; q += n, n = std::min<Index>(n % 5 + 1, kColumns - q - n))
      prepared->run(n, 0, prepared->blocks(), x.data() + q * shape.cols, shape.cols,
                    y.data() + q * shape.rows, shape.rows, rows.data() + q * shape.rows, shape.rows);
    for (Index q = 0; q < kColumns; ++q)
      for (Index i = 0; i < shape.rows; ++i) c[at(q, i)] = y[q * shape.rows + i];
    return c;
  }

  Shape shape;
  std::mt19937 bits;
  Csr matrix{0, 0, {0}, {}, {}};
  std::vector<std::int32_t> offsets;
  std::vector<linear::Tile> tiles;
  std::vector<float> b, r, bias;
};

template <class Kernel>
void expect_bits(std::span<const Kernel* const> kernels, auto run, std::vector<float>& wanted, int& ran) {
  for (const Kernel* kernel : kernels) {
    if (kernel->needs == Features::none || !contains(cpu_features(), kernel->needs)) continue;
    const std::vector<float> got = run(*kernel);
    if (got.empty()) continue;
    ++ran;
    if (wanted.empty()) wanted = got;
    EXPECT_EQ(std::memcmp(got.data(), wanted.data(), got.size() * sizeof(float)), 0) << kernel->name;
  }
}

void expect_same_bits(const Shape& s) {
  SCOPED_TRACE(testing::Message() << s.rows << " x " << s.cols << ", pattern " << int(s.pattern)
                                  << ", density " << s.density << ", taps " << s.taps << ", bias " << s.bias
                                  << ", residual " << s.residual << ", activation "
                                  << int(s.activation.kind));
  const Case t(s);
  std::vector<float> wanted;
  int ran = 0;
  const auto run = [&](const auto& kernel) { return t.run(kernel); };
  expect_bits(linear::kernels(), run, wanted, ran);
  if (!s.taps && s.last_lanes == 0xffff) {
    expect_bits(linear::kernels(), [&](const auto& kernel) { return t.run_row_major(kernel); }, wanted, ran);
    expect_bits(spmv::kernels(), run, wanted, ran);
  }
  EXPECT_TRUE(ran > 1 || !contains(cpu_features(), Features::avx2));
}
}  // namespace

TEST(SameBits, OfAllKernelsForEveryPattern) {
  for (const Pattern pattern : {Pattern::random, Pattern::uneven, Pattern::blocks, Pattern::full})
    for (const Index rows : {1, 67, 131})
      for (const Index cols : {33, 301, 1100})
        expect_same_bits({.rows = rows, .cols = cols, .pattern = pattern});
  for (const double density : {0.01, 0.5, 0.9}) expect_same_bits({.density = density});
}

TEST(SameBits, OfAllKernelsForShiftedRowsOfB) {
  for (const Pattern pattern : {Pattern::random, Pattern::uneven, Pattern::full})
    for (const Index cols : {9, 301, 1100})
      for (const bool residual : {false, true})
        expect_same_bits({.cols = cols, .pattern = pattern, .taps = true, .residual = residual});
}

TEST(SameBits, OfAllKernelsForEveryEnd) {
  for (const Activation& activation : test::kActivations)
    for (const bool bias : {false, true})
      for (const bool residual : {false, true})
        expect_same_bits({.bias = bias, .residual = residual, .activation = activation});
}

TEST(SameBits, OfAllKernelsForTilesOfFewColumns) {
  for (const std::uint32_t lanes : {0x1u, 0x8001u, 0xffu, 0x7fffu})
    for (const bool taps : {false, true})
      expect_same_bits({.pattern = Pattern::uneven, .taps = taps, .residual = true, .last_lanes = lanes});
}

TEST(SameBits, OfRowsWithoutEntriesAndZerosOfEitherSign) {
  for (const bool bias : {false, true})
    for (const bool residual : {false, true})
      expect_same_bits({.density = 0.005, .bias = bias, .residual = residual});
}
