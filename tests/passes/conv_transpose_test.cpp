#include "passes/builder.hpp"

using namespace tulle;
using namespace tulle::passes::testing;

namespace {
const std::vector<Index> kTwo{2, 2};

ValueId transposed_conv(Builder& b, ValueId x, Index channels, Attributes attributes = {{"strides", kTwo}}) {
  return b.op("ConvTranspose", {x, b.weight({3, channels, 2, 2}), b.weight({channels})},
              std::move(attributes));
}
}  // namespace

TEST(ConvTranspose, OfStepsWithoutOverlapBecomesAConvolution) {
  Builder b;
  const ValueId y = transposed_conv(b, b.input("x", {2, 3, 5, 4}), 5);
  EXPECT_EQ(text(optimized(b.graph({y}))), "tulle.Conv+bias DepthToSpace");
}

TEST(ConvTranspose, TakesWhatFollowsIntoTheConvolution) {
  Builder b;
  const ValueId y = transposed_conv(b, b.input("x", {2, 3, 5, 4}), 5);
  const ValueId shifted = b.op("Add", {b.weight({1, 5, 1, 1}), y});
  const ValueId normal = b.op("BatchNormalization",
                              {shifted, b.weight({5}), b.weight({5}), b.weight({5}), b.weight({5}, 0.5, 2)});
  EXPECT_EQ(text(optimized(b.graph({b.op("Relu", {normal})}))), "tulle.Conv+bias+relu DepthToSpace");
}

TEST(ConvTranspose, StaysWhereTapsOverlapOrArePadded) {
  for (const Attributes& attributes :
       {Attributes{}, Attributes{{"strides", kTwo}, {"pads", std::vector<Index>{0, 1, 0, 0}}},
        Attributes{{"strides", kTwo}, {"output_padding", std::vector<Index>{1, 0}}}}) {
    Builder b;
    const ValueId y = transposed_conv(b, b.input("x", {1, 3, 5, 4}), 5, attributes);
    EXPECT_EQ(text(optimized(b.graph({y}))), "ConvTranspose");
  }
}

TEST(DepthToSpace, LetsPerChannelWorkGoFirstInBothModes) {
  for (const char* mode : {"DCR", "CRD"}) {
    Builder b;
    const ValueId x = b.input("x", {1, 3, 5, 4});
    const ValueId c = b.op("Conv", {x, b.weight({12, 3, 1, 1})});
    const ValueId y = b.op("DepthToSpace", {c}, {{"blocksize", Index{2}}, {"mode", std::string(mode)}});
    const ValueId z = b.op("Mul", {b.weight({3, 1, 1}), b.op("Relu", {y})});
    EXPECT_EQ(text(optimized(b.graph({z}))), "tulle.Conv+relu Mul DepthToSpace") << mode;
  }
}
