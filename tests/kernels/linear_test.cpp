#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "kernels/linear/kernel.hpp"
#include "support/activations.hpp"

using namespace tulle;
using linear::Kernel;
using linear::Tile;

namespace {
/// Floats whose last lies at the end of a page before one that nobody may touch; likewise before the first
/// page.
class Guarded {
 public:
  explicit Guarded(Index count) : count_(count) {
    const auto page = std::size_t{4096};
    bytes_ = (static_cast<std::size_t>(count) * 4 + page - 1) / page * page + 2 * page;
    pages_ = static_cast<char*>(mmap(nullptr, bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(pages_ + page, bytes_ - 2 * page, PROT_READ | PROT_WRITE);
  }
  Guarded(const Guarded&) = delete;
  ~Guarded() { munmap(pages_, bytes_); }
  float* data() const { return reinterpret_cast<float*>(pages_ + bytes_ - 4096) - count_; }
  std::span<float> span() const { return {data(), static_cast<std::size_t>(count_)}; }

 private:
  Index count_;
  std::size_t bytes_;
  char* pages_;
};

struct Sizes {
  Index rows = 37, cols = 53;
  double density = 0.3;
  Index tiles = 3;
  bool planes = false;  ///< C and R: rows far apart, tiles 16 floats apart; else panels
  bool taps = false;    ///< rows of B: shifted looks at few planes, before and behind the tile
  bool bias = true, residual = false, in_place = false, mask = false;
  Activation activation{};
  bool depthwise = false;              ///< row i has nonzeros only in columns 9 i .. 9 i + 8
  std::vector<std::uint32_t> lanes{};  ///< of the tiles, in turn; else some whole, some not
};

class Case {
 public:
  explicit Case(const Sizes& s)
      : shape(s), random_(7), offsets_(make_offsets()), b(b_size()), c(c_size()), r(c_size()) {
    fill(b.span());
    fill(r.span());
    for (Index i = 0; i < s.rows; ++i) {
      for (Index k = 0; k < s.cols; ++k) {
        const bool there = s.depthwise ? k / 9 == i : uniform(0, 1) < s.density;
        if (!there) continue;
        matrix_.columns.push_back(static_cast<std::int32_t>(k));
        matrix_.values.push_back(uniform(-1, 1));
      }
      matrix_.offsets.push_back(std::ssize(matrix_.values));
    }
    matrix_.rows = s.rows, matrix_.cols = s.cols;
    for (Index i = 0; s.bias && i < s.rows; ++i) bias_.push_back(uniform(-1, 1));
    for (Index t = 0; t < s.tiles; ++t) {
      const Index c_at = s.planes ? t * kLanes : t * s.rows * kLanes;
      const Index b_at = s.taps ? lead() + t * kLanes : t * s.cols * kLanes;
      tiles.push_back({b_at, c_at, c_at, t == s.tiles - 1 ? 0x07ffu : t % 2 ? 0xfeefu : 0xffffu});
      if (!s.lanes.empty()) tiles.back().lanes = s.lanes[static_cast<std::size_t>(t) % s.lanes.size()];
    }
  }
  linear::Problem problem() const {
    const Index stride = shape.planes ? plane() : kLanes;
    Index lanes = 0;
    for (const Tile& tile : tiles) lanes += std::popcount(tile.lanes);
    return {matrix_.view(), offsets_,         bias_,       stride, stride, shape.residual,
            shape.mask,     shape.activation, shape.tiles, lanes};
  }
  /// C full of rubbish, or of the residual if it is added in place.
  void soil() const {
    for (std::size_t i = 0; i < c.span().size(); ++i) c.data()[i] = shape.in_place ? r.data()[i] : -7e7f;
  }
  const float* residual() const { return shape.in_place ? c.data() : shape.residual ? r.data() : nullptr; }
  void check() const {
    for (const Tile& tile : tiles)
      for (Index i = 0; i < shape.rows; ++i)
        for (Index lane = 0; lane < kLanes; ++lane) check(tile, i, lane);
  }

  Sizes shape;

 private:
  std::mt19937 random_;
  std::vector<std::int32_t> offsets_;
  Csr matrix_{0, 0, {0}, {}, {}};
  std::vector<float> bias_;

 public:
  std::vector<Tile> tiles;
  Guarded b, c, r;

 private:
  float uniform(float low, float high) { return std::uniform_real_distribution<float>(low, high)(random_); }
  void fill(std::span<float> floats) {
    for (float& x : floats) x = uniform(-1, 1);
  }
  Index plane() const { return shape.tiles * kLanes + 5; }
  Index lead() const { return 40; }
  Index channels() const { return (shape.cols + 8) / 9; }
  std::vector<std::int32_t> make_offsets() const {
    std::vector<std::int32_t> offsets;
    for (Index k = 0; k < shape.cols; ++k) {
      const Index tap = k % 9, shift = (tap / 3 - 1) * 13 + tap % 3 - 1;
      offsets.push_back(static_cast<std::int32_t>(shape.taps ? k / 9 * b_plane() + shift : k * kLanes));
    }
    return offsets;
  }
  Index b_plane() const { return lead() + shape.tiles * kLanes + 14; }
  Index b_size() const {
    if (!shape.taps) return shape.tiles * shape.cols * kLanes;
    return channels() * b_plane();
  }
  Index c_size() const {
    return shape.planes ? (shape.rows - 1) * plane() + shape.tiles * kLanes
                        : shape.rows * shape.tiles * kLanes;
  }
  double activated(double x) const {
    const double a = shape.activation.alpha, z = shape.activation.beta;
    switch (shape.activation.kind) {
      case ActivationKind::none:
        return x;
      case ActivationKind::relu:
        return std::max(x, 0.0);
      case ActivationKind::clip:
        return std::min(std::max(x, a), z);
      case ActivationKind::leaky_relu:
        return x < 0 ? a * x : x;
      case ActivationKind::gelu:
        return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
      case ActivationKind::gelu_tanh:
        return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
      case ActivationKind::sigmoid:
        return 1 / (1 + std::exp(-x));
      case ActivationKind::silu:
        return x / (1 + std::exp(-x));
      case ActivationKind::hard_sigmoid:
        return std::clamp(a * x + z, 0.0, 1.0);
      case ActivationKind::hard_swish:
        return x * std::clamp(x / 6 + 0.5, 0.0, 1.0);
      case ActivationKind::tanh:
        return std::tanh(x);
      case ActivationKind::elu:
        return x < 0 ? a * std::expm1(x) : x;
    }
    return x;
  }
  void check(const Tile& tile, Index i, Index lane) const {
    const Index stride = problem().c_stride;
    const float got = c.data()[tile.c + i * stride + lane];
    if (!(tile.lanes >> lane & 1)) {
      ASSERT_TRUE(shape.mask ? got == 0 : std::isfinite(got))
          << "row " << i << ", lane " << lane << " is no column";
      return;
    }
    double want = shape.bias ? bias_[i] : 0, size = std::abs(want);
    if (shape.residual)
      want += r.data()[tile.r + i * stride + lane], size += std::abs(r.data()[tile.r + i * stride + lane]);
    for (Index e = matrix_.offsets[i]; e < matrix_.offsets[i + 1]; ++e) {
      const double term = double(matrix_.values[e]) * b.data()[tile.b + offsets_[matrix_.columns[e]] + lane];
      want += term, size += std::abs(term);
    }
    const double nnz = double(matrix_.offsets[i + 1] - matrix_.offsets[i]);
    const double bound = (nnz + 2) * 0x1p-24 * size * 1.2;
    const bool curved = shape.activation.kind > ActivationKind::leaky_relu;
    want = activated(want);
    ASSERT_NEAR(got, want, bound + (curved ? 1e-6 * std::max(1.0, std::abs(want)) : 0))
        << "row " << i << ", lane " << lane;
  }
};

std::string name_of(const testing::TestParamInfo<const Kernel*>& info) {
  std::string name(info.param->name);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

class Linear : public testing::TestWithParam<const Kernel*> {
 protected:
  void SetUp() override {
    if (!contains(cpu_features(), GetParam()->needs))
      GTEST_SKIP() << "this CPU cannot run " << GetParam()->name;
  }
  void check(const Sizes& shape) const {
    const Case t(shape);
    if (GetParam()->refuse(t.problem())) return;
    const auto prepared = GetParam()->prepare(t.problem());
    t.soil();
    prepared->run(t.tiles, 0, prepared->blocks(), t.b.data(), t.c.data(), t.residual());
    t.check();
  }
};
INSTANTIATE_TEST_SUITE_P(Kernels, Linear,
                         testing::ValuesIn(linear::kernels().begin(), linear::kernels().end()), name_of);
}  // namespace

TEST_P(Linear, KeepsTheBoundAtEverySizeAndDensity) {
  for (const Index rows : {1, 2, 5, 6, 7, 27, 28, 29, 30, 31, 57})
    for (const Index cols : {1, 2, 53, 300})
      for (const double density : {0.0, 0.01, 0.1, 0.5, 1.0}) {
        SCOPED_TRACE(testing::Message() << rows << " x " << cols << ", density " << density);
        ASSERT_NO_FATAL_FAILURE(check({.rows = rows, .cols = cols, .density = density}));
      }
}

TEST_P(Linear, KeepsTheBoundWhenColumnsAreManyOrTilesAre) {
  for (const double density : {0.01, 0.1, 0.5, 1.0})
    ASSERT_NO_FATAL_FAILURE(check({.rows = 61, .cols = 2000, .density = density, .tiles = 2})) << density;
  ASSERT_NO_FATAL_FAILURE(check({.rows = 33, .cols = 700, .density = 0.1, .tiles = 50}));
}

TEST_P(Linear, ReadsShiftedRowsOfBAndStoresPlanes) {
  for (const Index cols : {9, 53, 720})
    for (const double density : {0.05, 0.4, 1.0})
      for (const bool planes : {false, true})
        ASSERT_NO_FATAL_FAILURE(check(
            {.rows = 41, .cols = cols, .density = density, .planes = planes, .taps = true, .mask = true}));
  ASSERT_NO_FATAL_FAILURE(
      check({.rows = 41, .cols = 9 * 41, .planes = true, .taps = true, .depthwise = true}));
}

namespace {
// Images of 14 x 14, 7 x 7 and 5 x 5 pixels, and what fits no pattern.
const std::vector<std::uint32_t> kLanesInUse[] = {
    {0x3fff}, {0x7f7f, 0x7f7f, 0x7f7f, 0x7f},           {0x1f1f},
    {0x7777}, {0xdffb, 0x5555, 0x0ff0, 0x8001, 0x7eff}, {1, 3, 0x8001, 0xffff, 0xf0, 0x7f, 0xff, 0x1ff}};
}  // namespace

TEST_P(Linear, LeavesOutIdleLanes) {
  for (const auto& lanes : kLanesInUse)
    for (const Index rows : {1, 6, 16, 32, 37, 44, 63, 112})
      for (const bool taps : {false, true}) {
        SCOPED_TRACE(testing::Message() << rows << " rows, lanes " << std::hex << lanes[0]);
        const Sizes shape{.rows = rows,
                          .cols = 55,
                          .density = 0.7,
                          .tiles = 8,
                          .planes = taps,
                          .taps = taps,
                          .lanes = lanes};
        Sizes other = shape;
        other.residual = true, other.mask = true, other.density = 0.03,
        other.activation = {ActivationKind::gelu};
        ASSERT_NO_FATAL_FAILURE(check(shape));
        ASSERT_NO_FATAL_FAILURE(check(other));
        other.in_place = true, other.activation = {ActivationKind::leaky_relu, 0.1f};
        ASSERT_NO_FATAL_FAILURE(check(other));
      }
}

TEST_P(Linear, AddsBiasAndResidualAlsoInPlace) {
  for (const bool bias : {false, true})
    for (const bool planes : {false, true})
      for (const bool in_place : {false, true})
        for (const Index cols : {53, 2000})
          ASSERT_NO_FATAL_FAILURE(check({.rows = 57,
                                         .cols = cols,
                                         .density = 0.2,
                                         .planes = planes,
                                         .bias = bias,
                                         .residual = true,
                                         .in_place = in_place,
                                         .mask = true,
                                         .activation = {ActivationKind::relu}}));
}

TEST_P(Linear, AppliesEveryActivationAndZeroesTheLanesThatAreNoColumns) {
  for (const Activation& activation : test::kActivations)
    for (const bool mask : {false, true})
      for (const bool planes : {false, true})
        ASSERT_NO_FATAL_FAILURE(check({.planes = planes, .mask = mask, .activation = activation}))
            << "activation " << int(activation.kind);
}

TEST_P(Linear, GivesTheSameBitsHoweverBlocksAndTilesAreCut) {
  for (const Index cols : {53, 2000}) {
    const Case t({.rows = 112,
                  .cols = cols,
                  .density = 0.3,
                  .tiles = 5,
                  .residual = true,
                  .in_place = true,
                  .mask = true,
                  .activation = {ActivationKind::relu},
                  .lanes = {0x3fff, 0x7f7f, 0x7eff}});
    if (const auto why = GetParam()->refuse(t.problem())) GTEST_SKIP() << *why;
    const auto prepared = GetParam()->prepare(t.problem());
    t.soil();
    prepared->run(t.tiles, 0, prepared->blocks(), t.b.data(), t.c.data(), t.residual());
    const std::vector<float> whole(t.c.span().begin(), t.c.span().end());
    t.soil();
    for (Index block = prepared->blocks(); block-- > 0;)
      for (const Tile& tile : t.tiles)
        prepared->run({&tile, 1}, block, block + 1, t.b.data(), t.c.data(), t.residual());
    ASSERT_EQ(std::memcmp(whole.data(), t.c.data(), whole.size() * 4), 0);
  }
}

TEST_P(Linear, LetsNotANumberThroughRelu) {
  const Case t({.rows = 32,
                .cols = 4,
                .density = 1,
                .tiles = 1,
                .activation = {ActivationKind::relu},
                .lanes = {0x3fff}});
  if (const auto why = GetParam()->refuse(t.problem())) GTEST_SKIP() << *why;
  t.b.data()[0] = std::nanf("");
  const auto prepared = GetParam()->prepare(t.problem());
  prepared->run(t.tiles, 0, prepared->blocks(), t.b.data(), t.c.data(), nullptr);
  EXPECT_TRUE(std::isnan(t.c.data()[0]));
  EXPECT_FALSE(std::isnan(t.c.data()[1]));
}

TEST(LinearJit, RefusesWithTheNumbers) {
  const Case t({.rows = 3, .cols = 4});
  linear::Problem far = t.problem();
  far.c_stride = Index{1} << 40;
  linear::Problem wide = t.problem();
  const std::int32_t offsets[] = {0, 16, 32, 1 << 30};
  wide.b_offsets = offsets;
  for (const Kernel* kernel : linear::kernels()) {
    if (kernel->name.find("jit") == kernel->name.npos) continue;
    ASSERT_TRUE(kernel->refuse(far).has_value()) << kernel->name;
    EXPECT_NE(kernel->refuse(far)->find("1099511627776"), std::string::npos);
    ASSERT_TRUE(kernel->refuse(wide).has_value()) << kernel->name;
    EXPECT_NE(kernel->refuse(wide)->find("1073741824"), std::string::npos);
  }
}

TEST_P(Linear, ComputesTheSameWhateverFollows) {
  const Case t({.rows = 80, .cols = 300, .tiles = 2, .lanes = {0x3fff}});
  if (const auto why = GetParam()->refuse(t.problem())) GTEST_SKIP() << *why;
  const auto prepared = GetParam()->prepare(t.problem());
  const auto next = GetParam()->prepare(t.problem());
  prepared->follow_with(next->first_bytes());
  t.soil();
  prepared->run(t.tiles, 0, prepared->blocks(), t.b.data(), t.c.data(), t.residual());
  t.check();
  EXPECT_GT(prepared->bytes(), 0u);
}
