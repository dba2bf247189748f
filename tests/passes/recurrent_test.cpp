#include "passes/builder.hpp"

using namespace tulle;
using namespace tulle::passes::testing;

namespace {
constexpr Index kSteps = 5, kBatch = 2, kInput = 7, kHidden = 6;

ValueId layer(Builder& b, const std::string& op, Attributes attributes, Index directions = 1) {
  const Index rows = (op == "LSTM" ? 4 : op == "GRU" ? 3 : 1) * kHidden;
  const ValueId x = b.input("x", {kSteps, kBatch, kInput});
  attributes["hidden_size"] = kHidden;
  return b.op(op,
              {x, b.weight({directions, rows, kInput}), b.weight({directions, rows, kHidden}),
               b.weight({directions, 2 * rows})},
              attributes);
}
std::string optimized_text(const std::string& op, Attributes attributes = {}, Index directions = 1) {
  Builder b;
  const ValueId y = layer(b, op, std::move(attributes), directions);
  return text(optimized(b.graph({y})));
}
}  // namespace

TEST(Recurrent, TakesTheProductOfAllStepsOut) {
  EXPECT_EQ(optimized_text("LSTM"), "tulle.Linear+bias tulle.LSTM");
  EXPECT_EQ(optimized_text("LSTM", {{"direction", std::string("bidirectional")}}, 2),
            "tulle.Linear+bias tulle.LSTM");
  EXPECT_EQ(optimized_text("LSTM", {{"activations", std::vector<std::string>{"Sigmoid", "Tanh", "Tanh"}}}),
            "tulle.Linear+bias tulle.LSTM");
  EXPECT_EQ(optimized_text("GRU", {{"linear_before_reset", Index{1}}}), "tulle.Linear+bias tulle.GRU");
}

TEST(Recurrent, LeavesWhatTheCellKernelsLack) {
  EXPECT_EQ(optimized_text("GRU"), "GRU");  // the reset gate before the product
  EXPECT_EQ(optimized_text("RNN"), "RNN");
  EXPECT_EQ(optimized_text("LSTM", {{"clip", 0.5f}}), "LSTM");
  EXPECT_EQ(optimized_text("LSTM", {{"activations", std::vector<std::string>{"Sigmoid", "Relu", "Tanh"}}}),
            "LSTM");
  EXPECT_EQ(optimized_text("LSTM", {{"input_forget", Index{1}}}), "LSTM");
}

TEST(Recurrent, LeavesTheWeightsOfTheFileAsTheyWere) {
  Builder b;
  const ValueId y = layer(b, "LSTM", {});
  const Graph g = b.graph({y});
  const Tensor bias = g.value(g.nodes[0].inputs[3]).constant, kept = Tensor::copy(bias.view());
  optimized(g);
  EXPECT_TRUE(std::ranges::equal(bias.as<float>(), kept.as<float>()));
}
