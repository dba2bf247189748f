#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/call.hpp"
#include "ops/element.hpp"

using namespace tulle;
using namespace tulle::ops;
using namespace tulle::ops_test;

namespace {
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr Index kLowest = std::numeric_limits<Index>::lowest(), kHighest = std::numeric_limits<Index>::max();

/// Element of a broadcast input at a position of the output, by plain index arithmetic.
float broadcast_at(const Tensor& t, const Shape& out, Index position) {
  Index offset = 0, step = 1;
  for (std::size_t i = 1; i <= t.shape().size(); ++i) {
    Index below = 1;
    for (std::size_t j = out.size() - i + 1; j < out.size(); ++j) below *= out[j];
    const Index coordinate = position / below % out[out.size() - i], size = t.shape()[t.shape().size() - i];
    offset += (size == 1 ? 0 : coordinate) * step;
    step *= size;
  }
  return t.as<float>()[static_cast<std::size_t>(offset)];
}
Tensor counting(Shape shape, float first) {
  Tensor t(TensorType{DType::f32, std::move(shape)});
  for (float& x : t.as_mutable<float>()) x = first++;
  return t;
}
}  // namespace

TEST(Elementwise, BroadcastsEveryPatternOfThreeDimensions) {
  const Index sizes[] = {3, 5, 7};
  for (int a_bits = 0; a_bits < 8; ++a_bits)
    for (int b_bits = 0; b_bits < 8; ++b_bits) {
      Shape a, b, out;
      for (int d = 0; d < 3; ++d) {
        a.push_back(a_bits >> d & 1 ? sizes[d] : 1), b.push_back(b_bits >> d & 1 ? sizes[d] : 1);
        out.push_back((a_bits | b_bits) >> d & 1 ? sizes[d] : 1);
      }
      const Tensor x = counting(a, 1), y = counting(b, 1000);
      const Tensor z = run(node("Sub", 13), {x, y});
      ASSERT_EQ(z.shape(), out);
      for (Index i = 0; i < z.count(); ++i)
        ASSERT_EQ(z.as<float>()[static_cast<std::size_t>(i)],
                  broadcast_at(x, out, i) - broadcast_at(y, out, i))
            << to_string(a) << " with " << to_string(b) << " at " << i;
    }
}

TEST(Elementwise, AlignsShapesOfDifferentRankFromTheRight) {
  const Tensor z =
      run(node("Where", 16), {tensor<Boolean>(DType::boolean, {2, 1}, {Boolean(true), Boolean(false)}),
                              floats({3}, {1, 2, 3}), floats({}, {9})});
  EXPECT_EQ(z.shape(), (Shape{2, 3}));
  EXPECT_EQ(values<float>(z), (std::vector<float>{1, 2, 3, 9, 9, 9}));
}

TEST(Elementwise, TakesTensorsWithoutElements) {
  EXPECT_EQ(run(node("Add", 14), {floats({0, 3}, {}), floats({1, 3}, {1, 2, 3})}).shape(), (Shape{0, 3}));
  EXPECT_EQ(run(node("Add", 14), {floats({2, 0, 4}, {}), floats({}, {1})}).shape(), (Shape{2, 0, 4}));
  EXPECT_EQ(run(node("Exp", 13), {floats({0}, {})}).shape(), (Shape{0}));
}

TEST(Elementwise, RefusesShapesAndTypesThatDisagree) {
  EXPECT_EQ(refusal(node("Add", 14), {floats({2, 3}, {1, 2, 3, 4, 5, 6}), floats({2}, {1, 2})}),
            "node 'n' (Add-14): shapes [2, 3] and [2] do not broadcast: 3 against 2");
  EXPECT_EQ(refusal(node("Add", 14), {floats({1}, {1}), longs({1}, {1})}),
            "node 'n' (Add-14): input 1 is of type i64; want f32");
  EXPECT_EQ(refusal(node("Sqrt", 13), {longs({1}, {1})}),
            "node 'n' (Sqrt-13): input 0 is of type i64, which it does not take");
  EXPECT_NE(refusal(node("Add", 14), {floats({1}, {1})}).find("has 1 inputs; want 2 to 2"),
            std::string::npos);
  EXPECT_NE(refusal(node("Add", 6), {floats({1}, {1}), floats({1}, {1})}).find("lacks the operator"),
            std::string::npos);
}

TEST(Elementwise, RefusesABroadcastTooLargeToHold) {
  EXPECT_NE(shapes(node("Mul", 14), {{DType::f32, {Index{1} << 20, 1}}, {DType::f32, {Index{1} << 20}}})
                .find("more than the limit"),
            std::string::npos);
}

TEST(Elementwise, IntegersDivideTowardZeroAndWrapAround) {
  EXPECT_EQ(values<Index>(run(node("Div", 14), {list({7, -7, kLowest}), list({2, 2, -1})})),
            (std::vector<Index>{3, -3, kLowest}));
  EXPECT_EQ(values<Index>(run(node("Add", 14), {list({kHighest}), list({1})})),
            (std::vector<Index>{kLowest}));
  EXPECT_EQ(values<Index>(run(node("Neg", 13), {list({kLowest, 3})})), (std::vector<Index>{kLowest, -3}));
  EXPECT_NE(refusal(node("Div", 14), {list({7}), list({0})}).find("divides an integer by zero"),
            std::string::npos);
  EXPECT_NE(refusal(node("Mod", 13), {list({7}), list({0})}).find("divides an integer by zero"),
            std::string::npos);
}

TEST(Elementwise, ModFollowsTheSignOfTheDivisorUnlessFmod) {
  const std::vector<Tensor> inputs{list({-4, 7, 5, kLowest}), list({3, -3, 8, -1})};
  EXPECT_EQ(values<Index>(run(node("Mod", 13), inputs)), (std::vector<Index>{2, -2, 5, 0}));
  EXPECT_EQ(values<Index>(run(node("Mod", 13, {{"fmod", Index{1}}}), inputs)),
            (std::vector<Index>{-1, 1, 5, 0}));
}

TEST(Elementwise, PowTakesTwoTypesFromOpset12) {
  const std::vector<Tensor> inputs{floats({3}, {2, 3, 4}), list({3, -1, 0})};
  EXPECT_EQ(values<float>(run(node("Pow", 12), inputs)), (std::vector<float>{8, 1.0f / 3, 1}));
  EXPECT_NE(refusal(node("Pow", 7), inputs).find("input 1 is of type i64"), std::string::npos);
  EXPECT_EQ(values<Index>(run(node("Pow", 13), {list({-3, 2, 1}), list({3, 62, -5})})),
            (std::vector<Index>{-27, Index{1} << 62, 1}));
}

TEST(Elementwise, MinAndMaxPassNaNOn) {
  for (const char* op : {"Min", "Max"}) {
    const auto z =
        values<float>(run(node(op, 13), {floats({2}, {kNaN, 1}), floats({2}, {1, kNaN}), floats({}, {0})}));
    EXPECT_TRUE(std::isnan(z[0]) && std::isnan(z[1])) << op;
  }
}

TEST(Elementwise, ClipTakesAttributesBeforeOpset11AndInputsAfter) {
  const Tensor x = floats({3}, {-5, 0, 5});
  EXPECT_EQ(values<float>(run(node("Clip", 6, {{"min", -1.0f}, {"max", 2.0f}}), {x})),
            (std::vector<float>{-1, 0, 2}));
  EXPECT_EQ(values<float>(run(node("Clip", 13), {x, Tensor(), floats({}, {2})})),
            (std::vector<float>{-5, 0, 2}));
  EXPECT_EQ(values<float>(run(node("Clip", 13), {x, floats({}, {3}), floats({}, {2})})),
            (std::vector<float>{2, 2, 2}));
  EXPECT_NE(
      refusal(node("Clip", 13), {x, floats({3}, {1, 2, 3})}).find("bound 1 has the shape [3]; want a scalar"),
      std::string::npos);
}

TEST(Elementwise, ShiftsBeyondTheWidthGiveZero) {
  const auto u8 = [](std::vector<std::uint8_t> v) {
    return tensor(DType::u8, {static_cast<Index>(v.size())}, v);
  };
  const std::vector<Tensor> inputs{u8({255, 16, 1}), u8({1, 4, 9})};
  EXPECT_EQ(values<std::uint8_t>(run(node("BitShift", 11, {{"direction", std::string("LEFT")}}), inputs)),
            (std::vector<std::uint8_t>{254, 0, 0}));
  EXPECT_EQ(values<std::uint8_t>(run(node("BitShift", 11, {{"direction", std::string("RIGHT")}}), inputs)),
            (std::vector<std::uint8_t>{127, 1, 0}));
}

TEST(Element, HalfRoundsToNearestEvenAndKeepsTheSpecialValues) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {  // every f16 survives the way to f32 and back
    const Half h = std::bit_cast<Half>(static_cast<std::uint16_t>(bits));
    const float x = h;
    if (x == x)
      ASSERT_EQ(std::bit_cast<std::uint16_t>(Half(x)), bits);
    else
      ASSERT_TRUE(std::isnan(static_cast<float>(Half(x))));
  }
  EXPECT_EQ(static_cast<float>(Half(1 + 0x1p-11f)), 1.0f);  // halfway: to even
  EXPECT_EQ(static_cast<float>(Half(1 + 0x3p-11f)), 1 + 0x1p-9f);
  EXPECT_EQ(static_cast<float>(Half(65519.0f)), 65504.0f);
  EXPECT_TRUE(std::isinf(static_cast<float>(Half(65520.0f))));
  EXPECT_EQ(static_cast<float>(Half(0x1p-25f)), 0.0f);
  EXPECT_EQ(static_cast<float>(Half(0x1.8p-25f)), 0x1p-24f);
  EXPECT_EQ(static_cast<float>(BFloat16(1 + 0x1p-8f)), 1.0f);
}

TEST(Cast, FloatsBeyondTheRangeGoToItsEndsAndNaNToZero) {
  const Tensor x = floats({5}, {1e30f, -1e30f, kNaN, -1.9f, 255.5f});
  EXPECT_EQ(values<std::int32_t>(run(node("Cast", 13, {{"to", Index{6}}}), {x})),
            (std::vector<std::int32_t>{2147483647, -2147483647 - 1, 0, -1, 255}));
  EXPECT_EQ(values<Index>(run(node("Cast", 13, {{"to", Index{7}}}), {x})),
            (std::vector<Index>{kHighest, kLowest, 0, -1, 255}));
  EXPECT_EQ(values<std::uint8_t>(run(node("Cast", 13, {{"to", Index{2}}}), {x})),
            (std::vector<std::uint8_t>{255, 0, 0, 0, 255}));
  EXPECT_NE(
      refusal(node("Cast", 13, {{"to", Index{8}}}), {x}).find("element type 8 of ONNX, which Tulle lacks"),
      std::string::npos);
}
