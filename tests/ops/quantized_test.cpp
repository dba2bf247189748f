// Quantisation and integer products against integer sums and rounding by hand.
#include <cmath>

#include "support/node.hpp"

using namespace tulle;
using namespace tulle::test;

namespace {
Tensor bytes(Shape shape, std::vector<std::uint8_t> v) {
  return Tensor::of<std::uint8_t>(DType::u8, std::move(shape), v);
}
Tensor chars(Shape shape, std::vector<std::int8_t> v) {
  return Tensor::of<std::int8_t>(DType::i8, std::move(shape), v);
}
}  // namespace

TEST(QuantizeLinear, RoundsHalvesToEvenAndSaturates) {
  const Tensor x = floats({6}, {0, 1, 3, 5, 1000, -1000});
  expect_near<std::uint8_t>(run("QuantizeLinear", 10, {}, {x, floats({}, {2}), bytes({}, {128})})[0], {6},
                            {128, 128, 130, 130, 255, 0}, 0);
  expect_near<std::int8_t>(run("QuantizeLinear", 10, {}, {x, floats({}, {2}), chars({}, {-1})})[0], {6},
                           {-1, -1, 1, 1, 127, -128}, 0);
}

TEST(QuantizeLinear, HasAScaleForEachPositionOrBlockOfAnAxis) {
  const Tensor x = floats({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
  expect_near<std::uint8_t>(
      run("QuantizeLinear", 13, {{"axis", Index{0}}}, {x, floats({2}, {1, 0.5f}), bytes({2}, {0, 10})})[0],
      {2, 4}, {1, 2, 3, 4, 20, 22, 24, 26}, 0);
  expect_near(run("DequantizeLinear", 21, {{"axis", Index{1}}, {"block_size", Index{2}}},
                  {chars({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}), floats({2, 2}, {1, 10, 100, 1000})})[0],
              {2, 4}, {1, 2, 30, 40, 500, 600, 7000, 8000}, 0);
  EXPECT_NE(refusal("QuantizeLinear", 13, {{"axis", Index{1}}}, {x, floats({3}, {1, 1, 1})})
                .find("want the shape [4]"),
            std::string::npos);
}

TEST(DynamicQuantizeLinear, CoversTheRangeAndZero) {
  const auto y = run("DynamicQuantizeLinear", 11, {}, {floats({4}, {0, 2, -3, 2.1f})}, 3);
  expect_near<std::uint8_t>(y[0], {4}, {150, 250, 0, 255}, 0);
  expect_near(y[1], {}, {5.1 / 255}, 1e-8);
  expect_near<std::uint8_t>(y[2], {}, {150}, 0);
}

TEST(MatMulInteger, SubtractsZeroPointsOfRowsAndColumns) {
  const Tensor a = bytes({2, 3}, {1, 2, 3, 4, 5, 6}), b = chars({3, 2}, {1, -1, 2, -2, 3, -3});
  const Tensor c = run("MatMulInteger", 10, {}, {a, b, bytes({2}, {1, 2}), chars({2}, {0, 1})})[0];
  // rows of A less 1 and 2: 0 1 2, 2 3 4; columns of B less 0 and 1: 1 2 3, -2 -3 -4
  expect_near<std::int32_t>(c, {2, 2}, {8, -11, 20, -29}, 0);
}

TEST(QLinearMatMul, ScalesTheExactSum) {
  const Tensor a = bytes({1, 2}, {3, 5}), b = bytes({2, 1}, {7, 11}), one = bytes({}, {1});
  const Tensor y =
      run("QLinearMatMul", 10, {},
          {a, floats({}, {0.5f}), one, b, floats({}, {0.25f}), one, floats({}, {2}), bytes({}, {100})})[0];
  expect_near<std::uint8_t>(y, {1, 1}, {100 + std::nearbyint((2 * 6 + 4 * 10) * 0.125 / 2)}, 0);
}

TEST(QuantizedConv, PadsWithTheZeroPointAndScalesByChannel) {
  const Tensor x = bytes({1, 1, 3}, {2, 3, 4}), w = chars({2, 1, 2}, {1, 2, 3, 4});
  expect_near<std::int32_t>(
      run("ConvInteger", 10, {{"pads", Shape{1, 0}}}, {x, w, bytes({}, {1}), chars({2}, {0, 1})})[0],
      {1, 2, 3}, {2, 5, 8, 3, 8, 13}, 0);
  const Tensor y = run(
      "QLinearConv", 10, {},
      {x, floats({}, {1}), bytes({}, {1}), w, floats({2}, {1, 0.5f}), chars({2}, {0, 1}), floats({}, {1}),
       bytes({}, {10}), Tensor::of<std::int32_t>(DType::i32, {2}, std::vector<std::int32_t>{100, -2})})[0];
  expect_near<std::uint8_t>(y, {1, 2, 2}, {115, 118, 13, 16},
                            0);  // 8 / 2 - 1 = 3, 13 / 2 - 1 = 5.5, to even 6
}
