#include <gtest/gtest.h>
#include "formats/generate.hpp"
#include "lab/reference.hpp"
#include "lab/walls.hpp"

using namespace tulle;

namespace {
struct Problem {
  Csr a = generate::uniform(19, 23, 0.6, 3);
  std::vector<float> b = std::vector<float>(23 * 7);
  Tensor c{TensorType{DType::f32, {19, 7}}}, turned{TensorType{DType::f32, {7, 19}}};
  explicit Problem(DType dtype = DType::f32) {
    generate::fill_values(b, 5);
    for (float& x : b) x *= 2;
    lab::narrow(b, dtype);
    lab::narrow(a.values, dtype);
    const auto out = c.as_mutable<float>();
    std::fill(out.begin(), out.end(), 0.0f);
    for (std::size_t i = 0; i < 19; ++i)
      for (Index p = a.offsets[i]; p < a.offsets[i + 1]; ++p)
        for (std::size_t j = 0; j < 7; ++j) out[i * 7 + j] += a.values[static_cast<std::size_t>(p)] * b[static_cast<std::size_t>(a.columns[static_cast<std::size_t>(p)]) * 7 + j];
    for (std::size_t i = 0; i < 19; ++i)
      for (std::size_t j = 0; j < 7; ++j) turned.as_mutable<float>()[j * 19 + i] = out[i * 7 + j];
  }
  lab::Reference reference() const { return {a.view(), b, 7, 2}; }
};
}  // namespace

TEST(Reference, TakesWhatF32SumsGiveInBothOrders) {
  const Problem p;
  EXPECT_EQ(p.reference().check(p.c, false, DType::f32).wrong, "");
  EXPECT_EQ(p.reference().check(p.turned, true, DType::f32).wrong, "");
  EXPECT_NE(p.reference().check(p.c, true, DType::f32).wrong, "");
  EXPECT_GT(p.reference().check(p.c, false, DType::f32).error, 0);
}

TEST(Reference, OneElementOffByALittleIsSeen) {
  Problem p;
  p.c.as_mutable<float>()[10 * 7 + 3] *= 1.0001f;
  EXPECT_NE(p.reference().check(p.c, false, DType::f32).wrong.find("row 10, column 3"), std::string::npos);
  EXPECT_EQ(p.reference().check(p.c, false, DType::bf16).wrong, "");  // within the rounding of a bf16 result
  p.c.as_mutable<float>()[10 * 7 + 3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NE(p.reference().check(p.c, false, DType::bf16).wrong, "");
}

TEST(Reference, IntegersMustBeExact) {
  const Problem p(DType::i8);
  Tensor exact(TensorType{DType::i32, {19, 7}});
  for (std::size_t i = 0; i < 19 * 7; ++i) exact.as_mutable<std::int32_t>()[i] = static_cast<std::int32_t>(p.c.as<float>()[i]);
  EXPECT_EQ(p.reference().check(exact, false, DType::i8).wrong, "");
  exact.as_mutable<std::int32_t>()[5] += 1;
  EXPECT_NE(p.reference().check(exact, false, DType::i8).wrong, "");
}

TEST(Narrow, RoundsToNearestEven) {
  std::vector<float> x{1.00390625f, 1.01171875f, -1.004f, 1e30f};
  lab::narrow(x, DType::bf16);
  EXPECT_EQ(x, (std::vector<float>{1.0f, 1.015625f, -1.0078125f, x[3]}));
  std::vector<float> i{0.3f, -9.0f};
  lab::narrow(i, DType::i8);
  EXPECT_EQ(i, (std::vector<float>{12, -127}));
}

TEST(Walls, CachesReadFasterThanMemory) {
  const lab::Walls w = lab::measure_walls(1);
  if (w.fma_gflops == 0) GTEST_SKIP() << "no AVX2";
  EXPECT_GT(w.fma_gflops, 1);
  EXPECT_GT(w.l1_gbs, w.memory_gbs);
  EXPECT_GT(w.memory_gbs, 0.1);
}
