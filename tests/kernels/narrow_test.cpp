#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "core/bfloat16.hpp"
#include "kernels/narrow/kernel.hpp"
#include "kernels/narrow/panels.hpp"
#include "support/guarded.hpp"
#include "support/kernel_list.hpp"

using namespace tulle;
using narrow::Kernel;
using narrow::Tile;

namespace {
struct Shape {
  Index rows = 37, cols = 53, n = 40;
  double density = 0.3;
  bool planes = false;  ///< C row-major with padded rows; else panels
  bool bias = true, residual = false, in_place = false, mask = false;
  Activation activation{};
  std::int32_t zero_point = 131;
  bool scales = true, extremes = false;
  Index block_rows = 1, block_cols = 1;  ///< of the pattern
};

double rounded(float x) {
  return BFloat16(x);
}

double activated(const Activation& a, double x) {
  switch (a.kind) {
    case ActivationKind::relu:
      return std::max(x, 0.0);
    case ActivationKind::clip:
      return std::min(std::max(x, double(a.alpha)), double(a.beta));
    case ActivationKind::leaky_relu:
      return x < 0 ? a.alpha * x : x;
    case ActivationKind::gelu:
      return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
    default:
      return x;
  }
}

/// A product in one of the types, its operands and the exact answer.
class Case {
 public:
  Case(DType type, const Shape& s)
      : shape(s),
        dtype(type),
        words(narrow::words_of(type, s.cols)),
        b(tiles_of(s.n) * words * kLanes),
        c(c_size()),
        r(c_size()) {
    make_matrix();
    make_b();
    r.randomize(3);
    for (Index i = 0; s.bias && i < s.rows; ++i) bias_.push_back(real(-1, 1));
    for (Index i = 0; s.scales && type == DType::i8 && i < s.rows; ++i)
      scales_.push_back(real(0.001f, 0.01f));
    for (Index t = 0; t < tiles_of(s.n); ++t) {
      const Index at = s.planes ? t * kLanes : t * s.rows * kLanes;
      const Index left = std::min(kLanes, s.n - t * kLanes);
      tiles.push_back({t * words * kLanes, at, at, (1u << left) - 1});
    }
  }
  static Index tiles_of(Index n) { return (n + kLanes - 1) / kLanes; }
  narrow::Problem problem() const {
    const Index stride = shape.planes ? plane() : kLanes;
    return {matrix.view(), dtype,          bias_,      scales_,          shape.zero_point, stride,
            stride,        shape.residual, shape.mask, shape.activation, std::ssize(tiles)};
  }
  void soil() {
    for (Index i = 0; i < c.size(); ++i) c[i] = shape.in_place ? r[i] : -7e7f;
  }
  const float* residual() { return shape.in_place ? c.data() : shape.residual ? r.data() : nullptr; }
  void run(const Kernel& kernel) {
    const auto prepared = kernel.prepare(problem());
    soil();
    prepared->run(tiles, 0, prepared->blocks(), b.data(), c.data(), residual());
  }
  void check() {
    for (const Tile& tile : tiles)
      for (Index i = 0; i < shape.rows; ++i)
        for (Index lane = 0; lane < kLanes; ++lane) ASSERT_NO_FATAL_FAILURE(check(tile, i, lane));
  }

  Shape shape;
  DType dtype;
  Index words;
  Csr matrix{0, 0, {0}, {}, {}};
  std::vector<float> b_values;  ///< [cols][n], what B's elements are worth
  std::vector<Tile> tiles;
  test::Guarded b, c, r;

 private:
  float real(float low, float high) { return std::uniform_real_distribution<float>(low, high)(random_); }
  int whole(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  void make_matrix() {
    matrix.rows = shape.rows, matrix.cols = shape.cols;
    const Index across = (shape.cols + shape.block_cols - 1) / shape.block_cols;
    std::vector<bool> there;
    for (Index i = 0; i < shape.rows; ++i) {
      if (i % shape.block_rows == 0) {
        there.assign(static_cast<std::size_t>(across), false);
        for (Index k = 0; k < across; ++k) there[static_cast<std::size_t>(k)] = real(0, 1) < shape.density;
      }
      for (Index k = 0; k < shape.cols; ++k) {
        if (!there[static_cast<std::size_t>(k / shape.block_cols)]) continue;
        matrix.columns.push_back(static_cast<std::int32_t>(k));
        const float int8 = static_cast<float>(shape.extremes ? (whole(0, 1) ? 127 : -128) : whole(-128, 127));
        matrix.values.push_back(dtype == DType::i8 ? int8 : real(-1, 1));
      }
      matrix.offsets.push_back(std::ssize(matrix.values));
    }
  }
  void make_b() {
    const auto count = static_cast<std::size_t>(shape.cols * shape.n);
    std::vector<float> floats(count);
    std::vector<std::uint8_t> bytes(count);
    for (float& x : floats) x = real(-1, 1);
    for (std::uint8_t& x : bytes)
      x = static_cast<std::uint8_t>(shape.extremes ? 255 * whole(0, 1) : whole(0, 255));
    b_values.assign(floats.begin(), floats.end());
    if (dtype == DType::i8) b_values.assign(bytes.begin(), bytes.end());
    const void* data = dtype == DType::i8 ? static_cast<const void*>(bytes.data()) : floats.data();
    const narrow::Source source{data, dtype == DType::i8 ? DType::u8 : DType::f32, shape.cols, shape.n,
                                shape.n};
    narrow::pack_panels(source, 0, tiles_of(shape.n), b.data());
  }
  Index plane() const { return tiles_of(shape.n) * kLanes + 5; }
  Index c_size() const {
    const Index width = tiles_of(shape.n) * kLanes;
    return shape.planes ? (shape.rows - 1) * plane() + width : shape.rows * width;
  }
  void check(const Tile& tile, Index i, Index lane) {
    const Index stride = problem().c_stride, column = (tile.b / (words * kLanes)) * kLanes + lane;
    const float got = c[tile.c + i * stride + lane];
    if (!(tile.lanes >> lane & 1)) {
      ASSERT_TRUE(shape.mask ? got == 0 : std::isfinite(got)) << "row " << i << ", lane " << lane;
      return;
    }
    double sum = 0, size = 0;
    for (Index e = matrix.offsets[i]; e < matrix.offsets[i + 1]; ++e) {
      const double a = dtype == DType::i8 ? matrix.values[e] : rounded(matrix.values[e]);
      const float value = b_values[matrix.columns[e] * shape.n + column];
      const double x = dtype == DType::i8 ? value - shape.zero_point : rounded(value);
      sum += a * x, size += std::abs(a * x);
    }
    const double nnz = double(matrix.offsets[i + 1] - matrix.offsets[i]);
    double bound = 2 * (nnz + 1) * 0x1p-24 * size;
    if (dtype == DType::i8) {
      sum *= shape.scales ? scales_[i] : 1;
      bound = 4 * 0x1p-24 * std::abs(sum);
      if (!shape.scales && !shape.bias && !shape.residual) bound = std::abs(sum) < 0x1p24 ? 0 : bound;
    }
    if (shape.bias) sum += bias_[i], bound += 0x1p-22 * std::abs(bias_[i]);
    if (shape.residual) {
      const double other = r[tile.r + i * stride + lane];
      sum += other, bound += 0x1p-22 * std::abs(other);
    }
    const double want = activated(shape.activation, sum);
    if (shape.activation.kind == ActivationKind::gelu) bound += 1e-6 * std::max(1.0, std::abs(want));
    ASSERT_NEAR(got, want, bound) << "row " << i << ", lane " << lane << ", column " << column;
  }
  std::mt19937 random_{7};
  std::vector<float> bias_, scales_;
};

class Narrow : public test::EveryKernel<Kernel> {
 protected:
  void check(const Shape& shape) const {
    Case t(kernel.dtype, shape);
    if (kernel.refuse(t.problem())) return;
    t.run(kernel);
    t.check();
  }
};
std::string name_of(const testing::TestParamInfo<const Kernel*>& info) {
  std::string name(info.param->name);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(Kernels, Narrow,
                         testing::ValuesIn(narrow::kernels().begin(), narrow::kernels().end()), name_of);
}  // namespace

TEST_P(Narrow, KeepsTheBoundAtEverySizeAndDensity) {
  for (const Index rows : {1, 2, 15, 16, 17, 31, 33, 65})
    for (const Index cols : {1, 2, 3, 5, 53, 131})
      for (const double density : {0.0, 0.05, 0.5, 1.0})
        for (const Index n : {1, 16, 37}) {
          SCOPED_TRACE(testing::Message() << rows << " x " << cols << " x " << n << ", density " << density);
          ASSERT_NO_FATAL_FAILURE(check({.rows = rows, .cols = cols, .n = n, .density = density}));
        }
}

TEST_P(Narrow, KeepsTheBoundWhenColumnsAreMany) {
  for (const double density : {0.02, 0.2, 1.0})
    ASSERT_NO_FATAL_FAILURE(check({.rows = 61, .cols = 4003, .n = 33, .density = density})) << density;
}

TEST_P(Narrow, TakesBlocks) {
  for (const double density : {0.1, 0.5})
    for (const Index rows : {64, 77})
      ASSERT_NO_FATAL_FAILURE(check(
          {.rows = rows, .cols = 300, .n = 70, .density = density, .block_rows = 32, .block_cols = 32}));
}

TEST_P(Narrow, AddsBiasAndResidualAlsoInPlace) {
  for (const bool bias : {false, true})
    for (const bool planes : {false, true})
      for (const bool in_place : {false, true})
        for (const Index cols : {53, 4003})
          ASSERT_NO_FATAL_FAILURE(check({.cols = cols,
                                         .planes = planes,
                                         .bias = bias,
                                         .residual = true,
                                         .in_place = in_place,
                                         .mask = true,
                                         .activation = {ActivationKind::relu}}));
}

TEST_P(Narrow, AppliesActivationsAndZeroesTheLanesThatAreNoColumns) {
  for (const Activation& activation :
       {Activation{}, Activation{ActivationKind::relu}, Activation{ActivationKind::clip, -0.5f, 0.75f},
        Activation{ActivationKind::leaky_relu, 0.1f}, Activation{ActivationKind::gelu}})
    for (const bool mask : {false, true})
      for (const bool planes : {false, true})
        ASSERT_NO_FATAL_FAILURE(check({.planes = planes, .mask = mask, .activation = activation}))
            << "activation " << int(activation.kind);
}

TEST_P(Narrow, SumsIntegersExactly) {
  if (kernel.dtype != DType::i8) GTEST_SKIP() << "sums floats";
  for (const bool extremes : {false, true})
    for (const std::int32_t zero_point : {0, 1, 128, 255})
      for (const Index cols : {7, 500})
        ASSERT_NO_FATAL_FAILURE(check({.cols = cols,
                                       .density = 1,
                                       .bias = false,
                                       .zero_point = zero_point,
                                       .scales = false,
                                       .extremes = extremes}));
}

TEST_P(Narrow, GivesTheSameBitsHoweverBlocksAndTilesAreCut) {
  for (const Index cols : {53, 4003}) {
    Case t(kernel.dtype,
           {.rows = 100, .cols = cols, .n = 75, .mask = true, .activation = {ActivationKind::relu}});
    t.run(kernel);
    const std::vector<float> whole(t.c.data(), t.c.data() + t.c.size());
    t.soil();
    const auto prepared = kernel.prepare(t.problem());
    for (Index block = prepared->blocks(); block-- > 0;)
      for (const Tile& tile : t.tiles)
        prepared->run({&tile, 1}, block, block + 1, t.b.data(), t.c.data(), t.residual());
    ASSERT_EQ(std::memcmp(whole.data(), t.c.data(), whole.size() * 4), 0);
  }
}

TEST_P(Narrow, LetsNotANumberAndInfinityThrough) {
  if (kernel.dtype != DType::bf16) GTEST_SKIP() << "integers only";
  Case t(kernel.dtype, {.rows = 3, .cols = 4, .n = 16, .density = 1, .activation = {ActivationKind::relu}});
  auto* b = reinterpret_cast<std::uint16_t*>(t.b.data());
  b[0] = 0x7fc0, b[2] = 0x7f80;  // row 0 of B, columns 0 and 1
  t.run(kernel);
  EXPECT_TRUE(std::isnan(t.c[0]));
  EXPECT_TRUE(t.c[1] == (t.matrix.values[0] > 0 ? INFINITY : 0)) << t.c[1];
  EXPECT_TRUE(std::isfinite(t.c[2]));
}

TEST_P(Narrow, RefusesValuesThatAreNoBytes) {
  if (kernel.dtype != DType::i8) GTEST_SKIP() << "rounds";
  Case t(kernel.dtype, {.rows = 2, .cols = 64, .density = 1});
  for (const float bad : {0.5f, 128.0f, -129.0f, std::nanf(""), INFINITY}) {
    t.matrix.values[4] = bad;
    EXPECT_TRUE(kernel.refuse(t.problem()).has_value()) << bad;
  }
  t.matrix.values[4] = -128;
  EXPECT_EQ(kernel.refuse(t.problem()), std::nullopt);
  t.matrix.cols = 65'537;
  EXPECT_EQ(kernel.refuse(t.problem()), "65537 columns, of which a sum in 32 bits holds 65536");
}
