#include "passes/builder.hpp"

using namespace tulle;
using namespace tulle::passes::testing;

namespace {
ValueId batch_norm(Builder& b, ValueId x, Index c) {
  return b.op("BatchNormalization", {x, b.weight({c}), b.weight({c}), b.weight({c}), b.weight({c}, 0.5f, 2)});
}
const Attributes kPadded{{"pads", std::vector<Index>{1, 1, 1, 1}}};
}  // namespace

TEST(Conv, TakesBatchNormResidualAndActivation) {
  Builder b;
  const ValueId x = b.input("x", {2, 3, 7, 5}), r = b.input("r", {2, 4, 7, 5});
  const ValueId y = batch_norm(b, b.op("Conv", {x, b.weight({4, 3, 3, 3}), b.weight({4})}, kPadded), 4);
  EXPECT_EQ(text(optimized(b.graph({b.op("Relu", {b.op("Add", {y, r})})}))), "tulle.Conv+bias+residual+relu");
}

TEST(Conv, TakesPerChannelConstantsInOneTwoAndThreeDimensions) {
  for (std::size_t axes = 1; axes <= 3; ++axes) {
    Builder b;
    Shape in{2, 4}, kernel{6, 2}, channels{6};
    for (std::size_t i = 0; i < axes; ++i) in.push_back(5), kernel.push_back(3), channels.push_back(1);
    const ValueId x = b.input("x", in);
    ValueId y = b.op("Conv", {x, b.weight(kernel)}, {{"group", Index{2}}});
    y = b.op("Add", {b.op("Mul", {y, b.weight(channels)}), b.weight(channels)});
    EXPECT_EQ(text(optimized(b.graph({b.op("Sub", {y, b.number(2)})}))), "tulle.Conv+bias") << axes;
  }
}

TEST(Conv, DoesNotTakeAConstantAlongAnotherAxis) {
  Builder b;
  const ValueId x = b.input("x", {1, 3, 4, 4});
  const ValueId y = b.op("Mul", {b.op("Conv", {x, b.weight({4, 3, 1, 1})}), b.weight({4})});
  EXPECT_EQ(text(optimized(b.graph({y}))), "tulle.Conv Mul");
}

TEST(Conv, TakesAnExplicitPadOfZeros) {
  for (const float value : {0.0f, 1.0f}) {
    Builder b;
    const ValueId x = b.input("x", {1, 3, 6, 5});
    const ValueId padded = b.op("Pad", {x, b.integers({0, 0, 0, 1, 0, 0, 2, 3}), b.number(value)});
    const Graph g = b.graph({b.op("Conv", {padded, b.weight({4, 3, 3, 3})}, kPadded)});
    EXPECT_EQ(text(optimized(g)), value == 0 ? "tulle.Conv" : "Pad tulle.Conv");
  }
}

TEST(Conv, GoesBeforeAResizeThatEnlargesWhenItIsPointwise) {
  for (const auto& [kernel, size] : {std::pair<Index, Index>{1, 12}, {3, 12}, {1, 2}}) {
    Builder b;
    const ValueId x = b.input("x", {1, 5, 6, 7});
    const ValueId large = b.op("Resize", {x, graph::kAbsent, graph::kAbsent, b.integers({1, 5, size, 14})},
                               {{"mode", std::string("linear")}});
    const ValueId y = b.op("Conv", {large, b.weight({4, 5, kernel, kernel}), b.weight({4})});
    const bool moves = kernel == 1 && size * 14 > 6 * 7;
    EXPECT_EQ(text(optimized(b.graph({b.op("Relu", {y})}))),
              moves ? "tulle.Conv+bias Resize tulle.Activation+relu" : "Resize tulle.Conv+bias+relu");
  }
}

TEST(Conv, WritesAutomaticPadsAsNumbers) {
  for (const char* mode : {"SAME_UPPER", "SAME_LOWER", "VALID"}) {
    Builder b;
    const ValueId x = b.input("x", {1, 3, 8, 7});
    const Attributes attributes{{"auto_pad", std::string(mode)},
                                {"strides", std::vector<Index>{2, 3}},
                                {"dilations", std::vector<Index>{1, 2}}};
    const Graph after = optimized(b.graph({b.op("Conv", {x, b.weight({4, 3, 4, 3})}, attributes)}));
    EXPECT_FALSE(after.nodes.at(0).has_attribute("auto_pad"));
  }
}

TEST(BatchNorm, BecomesMulAndAddAfterSomethingElse) {
  Builder b;
  const ValueId x = b.input("x", {2, 3, 4, 5});
  const ValueId y = b.op("Conv", {b.op("Relu", {batch_norm(b, x, 3)}), b.weight({4, 3, 1, 1})});
  EXPECT_EQ(text(optimized(b.graph({y}))), "Mul Add tulle.Activation+relu tulle.Conv");
}

TEST(Conv, KeepsBothBranchesOfAResidualBlockInOrder) {
  Builder b;
  const ValueId x = b.input("x", {1, 3, 5, 5});
  const ValueId main = batch_norm(b, b.op("Conv", {x, b.weight({4, 3, 3, 3})}, kPadded), 4);
  const ValueId side = batch_norm(b, b.op("Conv", {x, b.weight({4, 3, 1, 1})}), 4);
  EXPECT_EQ(text(optimized(b.graph({b.op("Relu", {b.op("Add", {main, side})})}))),
            "tulle.Conv+bias tulle.Conv+bias+residual+relu");
}
