#include <algorithm>
#include <numbers>

#include "passes/builder.hpp"

using namespace tulle;
using namespace tulle::passes::testing;

namespace {
ValueId dense(Builder& b, ValueId x, Index k, Index m) {
  return b.op("Add", {b.weight({m}), b.op("MatMul", {x, b.weight({k, m})})});
}

/// x/2 (1 + erf(x / sqrt 2)), its three factors multiplied in one of several orders.
ValueId erf_gelu(Builder& b, ValueId x, int order) {
  const float root = std::numbers::sqrt2_v<float>;
  const ValueId scaled = order % 2 ? b.op("Mul", {b.number(1 / root), x}) : b.op("Div", {x, b.number(root)});
  const ValueId gate = order % 2 ? b.op("Add", {b.number(1), b.op("Erf", {scaled})})
                                 : b.op("Add", {b.op("Erf", {scaled}), b.number(1)});
  switch (order) {
    case 0:
      return b.op("Mul", {b.op("Mul", {x, gate}), b.number(0.5f)});
    case 1:
      return b.op("Mul", {b.op("Mul", {x, b.number(0.5f)}), gate});
    case 2:
      return b.op("Mul", {x, b.op("Mul", {b.number(0.5f), gate})});
    case 3:
      return b.op("Mul", {b.number(0.5f), b.op("Mul", {gate, x})});
    default:
      return b.op("Div", {b.op("Mul", {gate, x}), b.number(2)});
  }
}

ValueId tanh_gelu(Builder& b, ValueId x, int order) {
  const ValueId square = b.op("Mul", {x, x}), c = b.number(0.044715f);
  const ValueId cube = order == 0 ? b.op("Pow", {x, b.number(3)}) : b.op("Mul", {square, x});
  const ValueId sum = order == 2 ? b.op("Mul", {x, b.op("Add", {b.op("Mul", {square, c}), b.number(1)})})
                                 : b.op("Add", {x, b.op("Mul", {c, cube})});
  const ValueId gate = b.op("Add", {b.op("Tanh", {b.op("Mul", {sum, b.number(0.7978846f)})}), b.number(1)});
  return b.op("Mul", {b.op("Mul", {b.number(0.5f), x}), gate});
}
}  // namespace

TEST(Linear, TakesMatMulBiasResidualAndActivation) {
  Builder b;
  const ValueId x = b.input("x", {2, 3, 5}), r = b.input("r", {2, 3, 7});
  const ValueId y = b.op("Relu", {b.op("Add", {r, dense(b, x, 5, 7)})});
  EXPECT_EQ(text(optimized(b.graph({y}))), "tulle.Linear+bias+residual+relu");
}

TEST(Linear, TakesEveryFormOfGemm) {
  for (const Index turned : {0, 1})
    for (const Shape& c : {Shape{7}, Shape{1, 7}, Shape{1}, Shape{}, Shape{3, 7}}) {
      Builder b;
      const ValueId x = b.input("x", {3, 5}), w = b.weight(turned ? Shape{7, 5} : Shape{5, 7});
      const bool is_residual = c == Shape{3, 7};
      const float beta = is_residual ? 1.0f : 0.5f;
      const Attributes attributes{{"transB", turned}, {"alpha", 1.5f}, {"beta", beta}};
      const Graph after = optimized(b.graph({b.op("Gemm", {x, w, b.weight(c)}, attributes)}));
      EXPECT_EQ(text(after), is_residual ? "tulle.Linear+residual" : "tulle.Linear+bias");
    }
}

TEST(Linear, SharesTheWeightsOfTheFile) {
  Builder b;
  const ValueId x = b.input("x", {3, 5}), w = b.weight({7, 5}), turned = b.weight({5, 7});
  const ValueId y = b.op("Gemm", {x, w}, {{"transB", Index{1}}}), z = b.op("MatMul", {x, turned});
  const void* const bytes[] = {b.g.value(w).constant.data(), b.g.value(turned).constant.data()};
  const Graph after = optimized(b.graph({y, z, b.op("Gemm", {x, turned})}));
  ASSERT_EQ(text(after), "tulle.Linear tulle.Linear tulle.Linear");
  for (const std::size_t n : {0u, 1u, 2u}) {
    EXPECT_EQ(after.value(after.nodes[n].inputs[1]).constant.data(), bytes[n > 0]);
    EXPECT_EQ(after.nodes[n].int_attribute("transposed", 0), Index{n > 0});
  }
}

TEST(Linear, ReadsWeightsThatDecayedToSubnormalNumbersAsZeros) {
  Builder b;
  const ValueId x = b.input("x", {4, 8});
  Tensor w = random_tensor({8, 5}, 1);
  w.as_mutable<float>()[7] = 1e-40f;
  w.as_mutable<float>()[9] = -1e-42f;
  const ValueId shared = b.constant(std::move(w));
  const Graph g = optimized(b.graph({b.op("MatMul", {x, shared}), b.op("MatMul", {b.input("z", {3, 8}), shared})}));
  const auto weight = [&](std::size_t n) { return g.value(g.nodes[n].inputs[1]).constant.as<float>(); };
  EXPECT_EQ(std::ranges::count(weight(0), 0.0f), 2);
  EXPECT_EQ(g.nodes[0].inputs[1], g.nodes[1].inputs[1]);
}

TEST(Linear, TakesScalesAndShiftsOfItsOutputs) {
  Builder b;
  const ValueId x = b.input("x", {3, 5});
  ValueId y = b.op("Sub", {dense(b, x, 5, 7), b.weight({7})});
  y = b.op("Div", {b.op("Mul", {b.weight({1, 7}), y}), b.number(3)});
  y = b.op("Sub", {b.number(1), y});
  EXPECT_EQ(text(optimized(b.graph({y}))), "tulle.Linear+bias");
}

TEST(Linear, IsLiftedFromTwoDimensions) {
  Builder b;
  const ValueId x = b.input("x", {2, 3, 5}), r = b.input("r", {2, 3, 7});
  const ValueId y =
      b.op("Gemm", {b.op("Reshape", {x, b.integers({-1, 5})}), b.weight({5, 7}), b.weight({7})});
  const ValueId z = b.op("Add", {b.op("Reshape", {y, b.integers({2, 3, 7})}), r});
  EXPECT_EQ(text(optimized(b.graph({z}))), "tulle.Linear+bias+residual");
}

TEST(Linear, LeavesAnAddThatEnlargesItOrHasOtherReaders) {
  Builder b;
  const ValueId x = b.input("x", {1, 5});
  const ValueId wide = b.op("Add", {b.op("MatMul", {x, b.weight({5, 7})}), b.weight({4, 7})});
  const ValueId read_twice = b.op("MatMul", {x, b.weight({5, 7})});
  const Graph after = optimized(b.graph({wide, b.op("Relu", {read_twice}), b.op("Neg", {read_twice})}));
  EXPECT_EQ(text(after), "tulle.Linear Add tulle.Linear tulle.Activation+relu Neg");
}

TEST(Linear, DoesNotFuseAcrossAnOutputOfTheGraph) {
  Builder b;
  const ValueId x = b.input("x", {2, 5}), y = dense(b, x, 5, 7);
  EXPECT_EQ(text(optimized(b.graph({y, b.op("Relu", {y})}))), "tulle.Linear+bias tulle.Activation+relu");
}

TEST(Linear, TakesAResidualOnlyWithNothingBetweenAndOfItsShape) {
  Builder b;
  const ValueId x = b.input("x", {2, 5}), r = b.input("r", {2, 7}), row = b.input("row", {1, 7});
  const ValueId activated = b.op("Add", {b.op("Relu", {dense(b, x, 5, 7)}), r});
  const ValueId broadcast = b.op("Add", {dense(b, x, 5, 7), row});
  EXPECT_EQ(text(optimized(b.graph({activated, broadcast}))),
            "tulle.Linear+bias+relu Add tulle.Linear+bias Add");
}

TEST(Linear, OfTwoSummandsTheLaterOneTakesTheOther) {
  Builder b;
  const ValueId x = b.input("x", {2, 5}), first = dense(b, x, 5, 7), second = dense(b, x, 5, 7);
  EXPECT_EQ(text(optimized(b.graph({b.op("Add", {first, second})}))),
            "tulle.Linear+bias tulle.Linear+bias+residual");
}

TEST(Gelu, IsFoundInEveryOrderOfItsFactors) {
  for (int order = 0; order < 5; ++order) {
    Builder b;
    const ValueId x = b.input("x", {3, 5});
    const Graph g = b.graph({erf_gelu(b, dense(b, x, 5, 7), order), erf_gelu(b, x, order)});
    EXPECT_EQ(text(optimized(g)), "tulle.Linear+bias+gelu tulle.Activation+gelu") << order;
  }
  for (int order = 0; order < 3; ++order) {
    Builder b;
    const ValueId x = b.input("x", {3, 5});
    EXPECT_EQ(text(optimized(b.graph({tanh_gelu(b, dense(b, x, 5, 7), order)}))),
              "tulle.Linear+bias+gelu_tanh")
        << order;
  }
}

TEST(Gelu, IsNotTakenFromAnotherConstantOrAnotherX) {
  Builder b;
  const ValueId x = b.input("x", {3, 5}), other = b.input("other", {3, 5});
  const ValueId gate = b.op("Add", {b.op("Erf", {b.op("Mul", {x, b.number(0.8f)})}), b.number(1)});
  const ValueId scaled = b.op("Mul", {b.op("Mul", {x, gate}), b.number(0.5f)});
  const ValueId gate2 = b.op("Add", {b.op("Erf", {b.op("Mul", {x, b.number(0.70710678f)})}), b.number(1)});
  const ValueId crossed = b.op("Mul", {b.op("Mul", {other, gate2}), b.number(0.5f)});
  EXPECT_EQ(text(optimized(b.graph({scaled, crossed}))).find("gelu"), std::string::npos);
}

TEST(Activations, AreFoundByNameAndFromTheirParts) {
  Builder b;
  b.opset = 20;
  const ValueId x = b.input("x", {3, 5});
  const auto linear = [&] { return dense(b, x, 5, 7); };
  std::vector<ValueId> outputs = {b.op("Sigmoid", {linear()}),   b.op("LeakyRelu", {linear()}),
                                  b.op("HardSwish", {linear()}), b.op("Elu", {linear()}),
                                  b.op("Tanh", {linear()}),      b.op("Gelu", {linear()})};
  outputs.push_back(b.op("Clip", {linear(), b.number(-0.5f), b.number(0.5f)}));
  outputs.push_back(b.op("Clip", {linear(), b.number(0)}));
  ValueId y = linear();
  outputs.push_back(b.op("Mul", {b.op("Sigmoid", {y}), y}));
  y = linear();
  outputs.push_back(b.op("Mul", {y, b.op("HardSigmoid", {y}, {{"alpha", 1.0f / 6}, {"beta", 0.5f}})}));
  y = linear();
  const ValueId clip = b.op("Clip", {b.op("Add", {y, b.number(3)}), b.number(0), b.number(6)});
  outputs.push_back(b.op("Div", {b.op("Mul", {y, clip}), b.number(6)}));
  y = linear();
  outputs.push_back(
      b.op("Div", {b.op("Clip", {b.op("Add", {b.number(3), y}), b.number(0), b.number(6)}), b.number(6)}));
  std::string want;
  for (const char* kind : {"sigmoid", "leaky_relu", "hard_swish", "elu", "tanh", "gelu", "clip", "relu",
                           "silu", "hard_swish", "hard_swish", "hard_sigmoid"})
    want += std::string(want.empty() ? "" : " ") + "tulle.Linear+bias+" + kind;
  EXPECT_EQ(text(optimized(b.graph(outputs))), want);
}
