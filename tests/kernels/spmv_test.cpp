#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "core/bfloat16.hpp"
#include "kernels/spmv/fixed_point.hpp"
#include "support/guarded.hpp"

using namespace tulle;
using spmv::Kernel;
using test::Guarded;

namespace {
struct Shape {
  Index rows = 37, cols = 53;
  double density = 0.3;
  Index n = 1;
  Index gap = 0;  ///< floats between the vectors of x, of y and of r
  bool bias = true, residual = false, in_place = false;
  bool uneven = false;  ///< every fifth row is full, every seventh empty
  Activation activation{};
  DType dtype = DType::f32;
};

/// A random problem whose x, y and r end at the end of a page that nobody may read beyond.
class Case {
 public:
  explicit Case(const Shape& s)
      : shape(s), x(s.n * (s.cols + s.gap) - s.gap), y(s.n * (s.rows + s.gap) - s.gap), r(y.size()) {
    x.randomize(1);
    r.randomize(2);
    std::mt19937 bits(3);
    std::uniform_real_distribution<float> real(-1, 1);
    for (Index i = 0; i < s.rows; ++i) {
      const double density = !s.uneven ? s.density : i % 5 == 0 ? 1.0 : i % 7 == 0 ? 0.0 : s.density;
      for (Index j = 0; j < s.cols; ++j)
        if ((real(bits) + 1) / 2 < density) {
          matrix.columns.push_back(static_cast<std::int32_t>(j));
          matrix.values.push_back(of_type(real(bits)));
        }
      matrix.offsets.push_back(std::ssize(matrix.values));
      if (s.bias) bias.push_back(real(bits));
      if (s.dtype == DType::i8 && s.gap) scales.push_back(0.02f + 0.01f * real(bits));
    }
    matrix.rows = s.rows, matrix.cols = s.cols;
  }
  spmv::Problem problem() const {
    return {matrix.view(), bias, shape.residual, shape.activation, shape.n, scales};
  }
  void run(const spmv::Prepared& weight, Index n, Index first, Index last, Index from = 0) {
    const Index x_stride = shape.cols + shape.gap, y_stride = shape.rows + shape.gap;
    const float* added = !shape.residual ? nullptr : (shape.in_place ? y.data() : r.data()) + from * y_stride;
    if (shape.dtype == DType::i8) {
      const Index floats = spmv::fixed_point_floats(shape.cols);
      Guarded fixed(n * floats);
      for (Index v = 0; v < n; ++v)
        spmv::fixed_point_packer(cpu_features())(x.data() + (from + v) * x_stride, shape.cols,
                                                 fixed.data() + v * floats);
      return weight.run(n, first, last, fixed.data(), floats, y.data() + from * y_stride, y_stride, added,
                        y_stride);
    }
    weight.run(n, first, last, x.data() + from * x_stride, x_stride, y.data() + from * y_stride, y_stride,
               added, y_stride);
  }
  void soil() {
    for (Index i = 0; i < y.size(); ++i) y[i] = shape.in_place ? r[i] : -7e7f;
  }
  void check() {
    for (Index v = 0; v < shape.n; ++v)
      for (Index i = 0; i < shape.rows; ++i) ASSERT_NO_FATAL_FAILURE(check(v, i));
    for (Index v = 1; v < shape.n; ++v)
      for (Index g = 1; g <= shape.gap; ++g)
        ASSERT_EQ(y[v * (shape.rows + shape.gap) - g],
                  shape.in_place ? r[v * (shape.rows + shape.gap) - g] : -7e7f)
            << "written between the vectors";
  }

  Shape shape;
  Csr matrix{0, 0, {0}, {}, {}};
  std::vector<float> bias, scales;
  Guarded x, y, r;

 private:
  float of_type(float value) const {
    if (shape.dtype == DType::bf16) return BFloat16(value);
    return shape.dtype == DType::i8 ? std::nearbyint(value * 127) - (value < -0.99f) : value;
  }
  void check(Index v, Index i) {
    const Index at = v * (shape.rows + shape.gap) + i;
    double want = shape.bias ? bias[i] : 0, size = std::abs(want), of_x = 0;
    const double scale = scales.empty() ? 1 : scales[i];
    if (shape.residual) want += r[at], size += std::abs(r[at]);
    for (Index e = matrix.offsets[i]; e < matrix.offsets[i + 1]; ++e) {
      of_x += std::abs(scale * matrix.values[e]);
      const double term = scale * matrix.values[e] * x[v * (shape.cols + shape.gap) + matrix.columns[e]];
      want += term, size += std::abs(term);
    }
    const double bound = (double(matrix.offsets[i + 1] - matrix.offsets[i]) + 2) * 0x1p-24 * size * 1.2 +
                         (shape.dtype == DType::i8 ? of_x * 0x1p-16 : 0);  // |x| <= 1
    const bool curved = shape.activation.kind > ActivationKind::leaky_relu;
    want = activated(want);
    ASSERT_NEAR(y[at], want, bound + (curved ? 1e-6 * std::max(1.0, std::abs(want)) : 0))
        << "vector " << v << ", row " << i;
  }
  double activated(double z) const {
    const double a = shape.activation.alpha, b = shape.activation.beta;
    switch (shape.activation.kind) {
      case ActivationKind::relu:
        return std::max(z, 0.0);
      case ActivationKind::clip:
        return std::min(std::max(z, a), b);
      case ActivationKind::leaky_relu:
        return z < 0 ? a * z : z;
      case ActivationKind::gelu:
        return z / 2 * (1 + std::erf(z / std::sqrt(2.0)));
      case ActivationKind::tanh:
        return std::tanh(z);
      default:
        return z;
    }
  }
};

class Spmv : public testing::TestWithParam<const Kernel*> {
 protected:
  void SetUp() override {
    if (!contains(cpu_features(), GetParam()->needs))
      GTEST_SKIP() << "this CPU cannot run " << GetParam()->name;
  }
  void check(Shape shape) const {
    shape.dtype = GetParam()->dtype;
    SCOPED_TRACE(testing::Message() << shape.rows << " x " << shape.cols << ", density " << shape.density
                                    << ", n " << shape.n);
    Case t(shape);
    if (GetParam()->refuse(t.problem())) return;
    const auto weight = GetParam()->prepare(t.problem());
    t.soil();
    t.run(*weight, shape.n, 0, weight->blocks());
    t.check();
  }
};
std::string name_of(const testing::TestParamInfo<const Kernel*>& info) {
  std::string name(info.param->name);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}
std::vector<const Kernel*> every_kernel() {
  std::vector<const Kernel*> all;
  for (const DType dtype : {DType::f32, DType::bf16, DType::i8})
    all.insert(all.end(), spmv::kernels(dtype).begin(), spmv::kernels(dtype).end());
  return all;
}
INSTANTIATE_TEST_SUITE_P(Kernels, Spmv, testing::ValuesIn(every_kernel()), name_of);
}  // namespace

TEST_P(Spmv, KeepsTheBoundAtEverySizeAndDensity) {
  for (const Index rows : {1, 2, 7, 15, 16, 17, 37, 300})
    for (const Index cols : {1, 2, 9, 53, 257})
      for (const double density : {0.0, 0.02, 0.3, 1.0})
        for (const bool uneven : {false, true})
          ASSERT_NO_FATAL_FAILURE(check({.rows = rows, .cols = cols, .density = density, .uneven = uneven}));
}

TEST_P(Spmv, TakesSeveralVectorsAnyDistanceApart) {
  for (const Index n : {1, 2, 3, 4, 5, 7, 8, 13})
    for (const Index gap : {0, 5})
      for (const double density : {0.1, 1.0}) {
        ASSERT_NO_FATAL_FAILURE(check({.density = density, .n = n, .gap = gap}));
        ASSERT_NO_FATAL_FAILURE(
            check({.cols = 300, .density = density, .n = n, .gap = gap, .residual = true}));
      }
}

TEST_P(Spmv, TakesColumnsBeyondSixteenBits) {
  ASSERT_NO_FATAL_FAILURE(check({.rows = 35, .cols = 65536, .density = 0.01, .n = 2}));
  ASSERT_NO_FATAL_FAILURE(check({.rows = 35, .cols = 70001, .density = 0.01, .n = 2}));
}

TEST_P(Spmv, AddsBiasAndResidualAndAppliesActivations) {
  for (const Activation& activation :
       {Activation{}, Activation{ActivationKind::relu}, Activation{ActivationKind::clip, -0.5f, 0.75f},
        Activation{ActivationKind::leaky_relu, 0.1f}, Activation{ActivationKind::gelu},
        Activation{ActivationKind::tanh}})
    for (const bool bias : {false, true})
      for (const bool in_place : {false, true})
        ASSERT_NO_FATAL_FAILURE(check({.n = 3,
                                       .gap = 3,
                                       .bias = bias,
                                       .residual = true,
                                       .in_place = in_place,
                                       .activation = activation}))
            << "activation " << int(activation.kind);
}

TEST_P(Spmv, GivesTheSameBitsHoweverBlocksAreCut) {
  Case t({.rows = 301, .cols = 203, .n = 5, .uneven = true, .dtype = GetParam()->dtype});
  const auto weight = GetParam()->prepare(t.problem());
  t.soil();
  t.run(*weight, 5, 0, weight->blocks());
  const std::vector<float> whole(t.y.data(), t.y.data() + t.y.size());
  t.soil();
  for (Index block = weight->blocks(); block-- > 0;) t.run(*weight, 5, block, block + 1);
  ASSERT_EQ(std::memcmp(whole.data(), t.y.data(), whole.size() * sizeof(float)), 0);
}

TEST_P(Spmv, LeavesAbsentEntriesOutOfInfiniteVectorsUnlessItIsDense) {
  if (!GetParam()->sparse || GetParam()->pads || GetParam()->dtype == DType::i8)
    GTEST_SKIP() << "multiplies zeros, or takes numbers only";
  Case t({.rows = 35, .cols = 41, .density = 0.2, .dtype = GetParam()->dtype});
  t.x[7] = std::numeric_limits<float>::infinity();
  const auto weight = GetParam()->prepare(t.problem());
  t.run(*weight, 1, 0, weight->blocks());
  for (Index i = 0; i < 35; ++i) {
    bool has = false;
    for (Index e = t.matrix.offsets[i]; e < t.matrix.offsets[i + 1]; ++e) has |= t.matrix.columns[e] == 7;
    ASSERT_FALSE(std::isnan(t.y[i])) << "row " << i;
    ASSERT_EQ(std::isinf(t.y[i]), has) << "row " << i;
  }
}

TEST_P(Spmv, StepsOverGapsOfAnyLength) {
  for (const Index cols : {254, 255, 256, 257, 511, 512, 766, 1200})
    for (const double density : {0.002, 0.01})
      ASSERT_NO_FATAL_FAILURE(check({.rows = 45, .cols = cols, .density = density, .n = 2}));
}

/// bf16 is f32 of rounded values, added in the same order; i8 is exact.
TEST(SpmvBits, AreThoseOfF32OnRoundedValuesAndTheSameForAllKernelsOfI8) {
  for (const DType dtype : {DType::bf16, DType::i8}) {
    Case t({.rows = 77, .cols = 331, .gap = 3, .uneven = true, .dtype = dtype});
    std::vector<float> wanted;
    const auto kernels = spmv::kernels(dtype);
    std::vector<const Kernel*> all(kernels.begin(), kernels.end());
    if (dtype == DType::bf16) all.insert(all.end(), spmv::kernels().begin(), spmv::kernels().end());
    for (const Kernel* kernel : all) {
      const bool skips = dtype == DType::bf16 && kernel->needs == Features::none;  // references add in f64
      if (skips || !contains(cpu_features(), kernel->needs) || kernel->refuse(t.problem())) continue;
      const auto weight = kernel->prepare(t.problem());
      t.soil();
      t.run(*weight, 1, 0, weight->blocks());
      if (wanted.empty()) wanted.assign(t.y.data(), t.y.data() + t.y.size());
      ASSERT_EQ(std::memcmp(wanted.data(), t.y.data(), wanted.size() * sizeof(float)), 0) << kernel->name;
    }
  }
}

TEST(SpmvFixedPoint, IsTheSameOnEveryMachineAndKeepsItsBound) {
  for (const Index cols : {1, 7, 16, 33, 100})
    for (const float scale : {0.0f, 1e-38f, 1.0f, 1e30f}) {
      Guarded x(cols), plain(spmv::fixed_point_floats(cols)), fast(spmv::fixed_point_floats(cols));
      x.randomize(4, -scale, scale);
      spmv::fixed_point_packer(Features::none)(x.data(), cols, plain.data());
      spmv::fixed_point_packer(cpu_features())(x.data(), cols, fast.data());
      const spmv::FixedPoint a(plain.data(), cols), b(fast.data(), cols);
      ASSERT_EQ(a.scale, b.scale);
      ASSERT_EQ(std::memcmp(a.both, b.both, static_cast<std::size_t>(cols) * 2), 0);
      ASSERT_EQ(std::memcmp(a.low, b.low, static_cast<std::size_t>(cols)), 0);
      for (Index j = 0; j < cols; ++j) {
        ASSERT_EQ(a.both[j], a.high[j] * 256 + a.low[j]);
        ASSERT_NEAR(double(a.scale) * (a.both[j] - 32768), x[j], 0.51 * a.scale);
      }
    }
}

TEST(SpmvFixedPoint, TurnsWhatIsNoNumberIntoAScaleThatIsNone) {
  for (const float odd : {std::nanf(""), std::numeric_limits<float>::infinity()})
    for (const Features have : {Features::none, cpu_features()}) {
      std::vector<float> x(40, 1), packed(static_cast<std::size_t>(spmv::fixed_point_floats(40)));
      x[37] = odd;
      spmv::fixed_point_packer(have)(x.data(), 40, packed.data());
      EXPECT_TRUE(std::isnan(spmv::FixedPoint(packed.data(), 40).scale));
    }
}
