#include "plan/plan.hpp"
#include <gtest/gtest.h>
#include <array>
#include <cmath>
#include <cstdlib>
#include "ops/op.hpp"
#include "passes/passes.hpp"
#include "runtime/context.hpp"
#include "support/net.hpp"

using namespace tulle;
using support::Net;

namespace {
using Attributes = std::map<std::string, graph::Attribute, std::less<>>;

struct Isa {
  explicit Isa(const char* name) { setenv("TULLE_ISA", name, 1); }
  ~Isa() { unsetenv("TULLE_ISA"); }
};

std::vector<Tensor> run_plan(const plan::Plan& plan, const std::vector<Tensor>& inputs, int threads) {
  runtime::Context context(plan);
  std::vector<Tensor> outputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) context.set_input(i, inputs[i].data());
  for (const TensorType& t : plan.output_types) outputs.push_back(Tensor::zeros(t));
  for (std::size_t i = 0; i < outputs.size(); ++i) context.set_output(i, outputs[i].mutable_data());
  context.run(threads);
  context.run(threads);  // a second run over used memory must give the same
  return outputs;
}

// The planned network agrees with the operators' own evaluation, for every instruction set and for 1 and 3 threads
// with equal bits.
void expect_agrees(Net& net, const std::map<std::string, Shape>& shapes) {
  passes::Log log;
  const graph::Graph g = passes::specialize(net.g, shapes, log);
  ASSERT_TRUE(plan::can_plan(g));
  std::vector<Tensor> inputs;
  for (graph::ValueId id : g.inputs) inputs.push_back(net.random(g.value(id).type->shape));
  const std::vector<Tensor> want = ops::interpret(g, inputs);
  for (const char* isa : {"none", "avx2", "native"}) {
    const Isa forced(isa);
    const auto plan = plan::make(g, {.threads = 3});
    const std::vector<Tensor> got = run_plan(*plan, inputs, 1), shared = run_plan(*plan, inputs, 3);
    for (std::size_t o = 0; o < want.size(); ++o) {
      ASSERT_EQ(got[o].shape(), want[o].shape());
      float largest = 0;
      for (float x : want[o].as<float>()) largest = std::max(largest, std::abs(x));
      for (Index i = 0; i < want[o].count(); ++i) {
        ASSERT_NEAR(got[o].as<float>()[static_cast<std::size_t>(i)], want[o].as<float>()[static_cast<std::size_t>(i)], 2e-5f * largest)
            << isa << ", element " << i << " of output " << o;
        ASSERT_EQ(got[o].as<float>()[static_cast<std::size_t>(i)], shared[o].as<float>()[static_cast<std::size_t>(i)])
            << isa << ", element " << i << ": threads changed the bits";
      }
    }
  }
}

struct ConvCase {
  const char* name;
  Index images, channels, height, width, filters, kernel, stride, pad, dilation, groups;
};
class PlannedConv : public testing::TestWithParam<ConvCase> {};
}  // namespace

TEST_P(PlannedConv, AgreesWithTheReferenceBetweenTwoOthers) {
  const ConvCase& c = GetParam();
  Net net(7);
  const auto x = net.input("x", {c.images, c.channels, c.height, c.width});
  const auto first = net.fused("Conv", {x, net.weight({c.channels, c.channels, 1, 1}, 0.5), net.weight({c.channels})},
                               {{"activation", std::string("relu")}});
  const std::vector<Index> two_strides{c.stride, c.stride}, two_dilations{c.dilation, c.dilation};
  const auto y = net.fused("Conv", {first, net.weight({c.filters, c.channels / c.groups, c.kernel, c.kernel}, 0.8), net.weight({c.filters})},
                           {{"strides", two_strides}, {"dilations", two_dilations}, {"group", c.groups},
                            {"pads", std::vector<Index>{c.pad, c.pad, c.pad, c.pad}}, {"activation", std::string("silu")}});
  const auto z = net.fused("Conv", {y, net.weight({5, c.filters, 1, 1}, 0.3)});
  net.output(y);
  net.output(z);
  expect_agrees(net, {{"x", {c.images, c.channels, c.height, c.width}}});
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, PlannedConv,
    testing::Values(ConvCase{"pointwise", 1, 8, 7, 9, 35, 1, 1, 0, 1, 1}, ConvCase{"three", 2, 8, 7, 9, 33, 3, 1, 1, 1, 1},
                    ConvCase{"valid", 1, 4, 9, 11, 8, 3, 1, 0, 1, 1}, ConvCase{"five", 1, 3, 14, 13, 8, 5, 1, 2, 1, 1},
                    ConvCase{"stride", 2, 4, 14, 14, 8, 3, 2, 1, 1, 1}, ConvCase{"seven", 1, 3, 23, 21, 8, 7, 2, 3, 1, 1},
                    ConvCase{"projection", 1, 8, 14, 14, 8, 1, 2, 0, 1, 1}, ConvCase{"patches", 2, 3, 16, 16, 8, 4, 4, 0, 1, 1},
                    ConvCase{"dilated", 1, 4, 12, 10, 8, 3, 1, 2, 2, 1}, ConvCase{"depthwise", 1, 37, 10, 10, 37, 3, 1, 1, 1, 37},
                    ConvCase{"depthwise2", 1, 37, 11, 11, 37, 3, 2, 1, 1, 37}, ConvCase{"grouped", 1, 12, 8, 8, 24, 3, 1, 1, 1, 3},
                    ConvCase{"stride3", 1, 4, 13, 17, 8, 3, 3, 1, 1, 1}, ConvCase{"wide", 1, 2, 1, 50, 4, 1, 1, 0, 1, 1},
                    ConvCase{"pixel", 3, 12, 1, 1, 7, 1, 1, 0, 1, 1}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(Plan, AddsResidualsInPlaceAndApart) {
  Net net(3);
  const auto x = net.input("x", {1, 16, 6, 5});
  const auto a = net.fused("Conv", {x, net.weight({16, 16, 1, 1}, 0.7)});
  const auto b = net.fused("Conv", {a, net.weight({16, 16, 3, 3}, 0.9), net.weight({16}), a},
                           {{"pads", std::vector<Index>{1, 1, 1, 1}}, {"activation", std::string("relu")}});
  const auto c = net.fused("Conv", {b, net.weight({16, 16, 1, 1}, 0.7), graph::kAbsent, b});
  const auto d = net.op("Add", {c, b});
  net.output(net.op("Mul", {d, net.weight({16, 1, 1})}));
  expect_agrees(net, {{"x", {1, 16, 6, 5}}});
}

// Even sizes: the 1x1 convolutions make phase images; odd ones: phases of unequal sizes are moved.
TEST(Plan, ExpandsIntoThePhasesOfAStridedDepthwiseConvolution) {
  for (const auto& [height, width, kernel] : {std::array<Index, 3>{14, 18, 3}, {13, 18, 3}, {12, 12, 5}, {8, 6, 2}}) {
    Net net(9);
    const std::vector<Index> pads(4, kernel / 2), strides{2, 2};
    const auto x = net.input("x", {2, 5, height, width});
    const auto a = net.fused("Conv", {x, net.weight({6, 5, 3, 3}, 0.5)}, {{"pads", std::vector<Index>(4, 1)}});
    const auto b = net.fused("Conv", {a, net.weight({37, 6, 1, 1}, 0.5), net.weight({37})}, {{"activation", std::string("sigmoid")}});
    const auto c = net.fused("Conv", {b, net.weight({37, 1, kernel, kernel}), net.weight({37})},
                             {{"pads", pads}, {"strides", strides}, {"group", Index{37}}});
    net.output(net.fused("Conv", {c, net.weight({4, 37, 1, 1}, 0.5)}));
    expect_agrees(net, {{"x", {2, 5, height, width}}});
  }
}

TEST(Plan, RunsANetworkOfChannelsLastWithResizes) {
  for (const char* mode : {"linear", "nearest"}) {
    Net net(10);
    const auto x = net.input("x", {2, 9, 7, 3});
    const auto a = net.fused("Conv", {net.op("Transpose", {x}, {{"perm", std::vector<Index>{0, 3, 1, 2}}}), net.weight({19, 3, 3, 3}, 0.5)},
                             {{"pads", std::vector<Index>(4, 1)}});
    const std::map<std::string, graph::Attribute, std::less<>> settings{
        {"mode", std::string(mode)}, {"coordinate_transformation_mode", std::string("half_pixel")}};
    const auto sizes = net.ints({2, 19, 18, 11});
    const auto large = net.op("Resize", {a, graph::kAbsent, graph::kAbsent, sizes}, settings);
    const auto b = net.fused("Conv", {large, net.weight({5, 19, 3, 3}, 0.5)}, {{"pads", std::vector<Index>(4, 1)}});
    const auto wide = net.op("Pad", {b, net.ints({0, 2, 0, 0, 0, 17, 0, 0})});
    const auto c = net.fused("Conv", {b, net.weight({24, 5, 1, 1}, 0.5), graph::kAbsent, wide});
    net.output(net.op("Transpose", {c}, {{"perm", std::vector<Index>{0, 2, 3, 1}}}));
    expect_agrees(net, {{"x", {2, 9, 7, 3}}});
  }
}

TEST(Plan, ReadsDepthToSpaceAsPhases) {
  for (const char* mode : {"DCR", "CRD"}) {
    Net net(11);
    const auto x = net.input("x", {2, 6, 7, 9});
    const auto a = net.fused("Conv", {x, net.weight({20, 6, 3, 3}, 0.5)}, {{"pads", std::vector<Index>(4, 1)}});
    const auto y = net.op("DepthToSpace", {a}, {{"blocksize", Index{2}}, {"mode", std::string(mode)}});
    const std::vector<Index> strides{2, 2};
    net.output(net.fused("Conv", {y, net.weight({8, 5, 3, 3}, 0.5)}, {{"pads", std::vector<Index>(4, 1)}, {"strides", strides}}));
    net.output(net.fused("Conv", {y, net.weight({3, 5, 2, 2}, 0.5)}, {{"strides", strides}}));
    net.output(a);
    expect_agrees(net, {{"x", {2, 6, 7, 9}}});
  }
}

TEST(Plan, JoinsChannelsInPlace) {
  Net net(4);
  const auto x = net.input("x", {2, 6, 9, 9});
  const auto s = net.fused("Conv", {x, net.weight({7, 6, 1, 1}, 0.5)}, {{"activation", std::string("relu")}});
  const auto e1 = net.fused("Conv", {s, net.weight({19, 7, 1, 1}, 0.5)});
  const auto e3 = net.fused("Conv", {s, net.weight({21, 7, 3, 3}, 0.5)}, {{"pads", std::vector<Index>{1, 1, 1, 1}}});
  const auto joined = net.op("Concat", {e1, e3, s}, {{"axis", Index{1}}});
  net.output(net.fused("Conv", {joined, net.weight({8, 47, 1, 1}, 0.6)}));
  const auto twice = net.op("Concat", {e1, e1, x}, {{"axis", Index{1}}});
  net.output(net.fused("Conv", {twice, net.weight({8, 44, 3, 3}, 0.6)}, {{"pads", std::vector<Index>{1, 1, 1, 1}}}));
  expect_agrees(net, {{"x", {2, 6, 9, 9}}});
}

TEST(Plan, PoolsBetweenConvolutions) {
  Net net(8);
  const auto x = net.input("x", {2, 5, 19, 17});
  const auto a = net.fused("Conv", {x, net.weight({12, 5, 3, 3}, 0.5)}, {{"pads", std::vector<Index>{1, 1, 1, 1}}});
  const auto m = net.op("MaxPool", {a}, {{"kernel_shape", std::vector<Index>{3, 3}}, {"strides", std::vector<Index>{2, 2}},
                                         {"pads", std::vector<Index>{1, 1, 1, 1}}});
  const auto b = net.fused("Conv", {m, net.weight({9, 12, 3, 3}, 0.7)}, {{"pads", std::vector<Index>{1, 1, 1, 1}}});
  const auto v = net.op("AveragePool", {b}, {{"kernel_shape", std::vector<Index>{2, 2}}, {"strides", std::vector<Index>{2, 2}}});
  const auto c = net.fused("Conv", {v, net.weight({30, 9, 1, 1}, 0.7)});
  const auto mean = net.op("Flatten", {net.op("GlobalAveragePool", {c})});
  net.output(net.fused("Linear", {mean, net.weight({10, 30}, 0.5), net.weight({10})}));
  expect_agrees(net, {{"x", {2, 5, 19, 17}}});
}

TEST(Plan, RunsAnEncoderLayerWithAMask) {
  for (const auto& [batch, tokens] : {std::pair<Index, Index>{1, 5}, {3, 17}, {2, 32}}) {
    Net net(5);
    const auto x = net.input("x", {batch, tokens, 24});
    const auto mask = net.input("mask", {batch, 1, 1, tokens});
    const auto q = net.fused("Linear", {x, net.weight({24, 24}, 0.8), net.weight({24})});
    const auto k = net.fused("Linear", {x, net.weight({24, 24}, 0.8), net.weight({24})});
    const auto v = net.fused("Linear", {x, net.weight({24, 24}, 0.8)});
    const auto a = net.fused("Attention", {q, k, v, mask}, {{"num_heads", Index{3}}, {"scale", 0.35f}});
    const auto o = net.fused("Linear", {a, net.weight({24, 24}, 0.8), net.weight({24}), x});
    const auto n = net.op("LayerNormalization", {o, net.weight({24}), net.weight({24})});
    const auto h = net.fused("Linear", {n, net.weight({96, 24}, 0.9), net.weight({96})}, {{"activation", std::string("gelu")}});
    net.output(net.fused("Linear", {h, net.weight({24, 96}, 0.9), net.weight({24}), n}));
    expect_agrees(net, {{"x", {batch, tokens, 24}}, {"mask", {batch, 1, 1, tokens}}});
  }
}

TEST(Plan, RunsFewVectorsAndManyVectors) {
  for (Index n : {1, 2, 7, 16, 40}) {
    Net net(6);
    const auto x = net.input("x", {n, 70});
    const auto h = net.fused("Linear", {x, net.weight({45, 70}, 0.85), net.weight({45})}, {{"activation", std::string("relu")}});
    net.output(net.fused("Linear", {h, net.weight({10, 45}, 0.5), net.weight({10})}));
    net.output(net.op("Softmax", {h}));
    expect_agrees(net, {{"x", {n, 70}}});
  }
}

TEST(Plan, CombinesRowMajorTensorsThatRepeat) {
  Net net(3);
  const auto x = net.input("x", {3, 40, 37}), y = net.input("y", {3, 40, 37}), row = net.input("row", {37}),
             item = net.input("item", {1, 40, 37}), number = net.input("number", {1, 1}), column = net.input("column", {40, 1});
  net.output(net.op("Add", {x, y}));
  net.output(net.op("Sub", {row, x}));
  net.output(net.op("Mul", {x, item}));
  net.output(net.op("Sub", {number, x}));
  net.output(net.op("Max", {x, column}));
  expect_agrees(net, {{"x", {3, 40, 37}}, {"y", {3, 40, 37}}, {"row", {37}}, {"item", {1, 40, 37}}, {"number", {1, 1}}, {"column", {40, 1}}});
}

// LSTM and GRU as files have them, through the pass that takes the product of all steps out of them.
TEST(Plan, RunsRecurrentLayersStepByStep) {
  struct Case {
    const char *op, *direction;
    Index steps, batch, hidden;
    double zeros;
    bool states;
  };
  for (const Case& c : {Case{"LSTM", "forward", 5, 1, 37, 0, false}, Case{"LSTM", "reverse", 4, 3, 16, 0.8, true},
                        Case{"LSTM", "bidirectional", 6, 2, 50, 0.9, true}, Case{"GRU", "forward", 1, 1, 33, 0, true},
                        Case{"GRU", "bidirectional", 7, 9, 20, 0.7, false}}) {
    SCOPED_TRACE(std::string(c.op) + " " + c.direction);
    Net net(11);
    const bool lstm = std::string(c.op) == "LSTM";
    const Index directions = std::string(c.direction) == "bidirectional" ? 2 : 1, rows = (lstm ? 4 : 3) * c.hidden;
    const auto x = net.input("x", {c.steps, c.batch, 24});
    std::vector<graph::ValueId> inputs{x, net.weight({directions, rows, 24}, c.zeros), net.weight({directions, rows, c.hidden}, c.zeros),
                                       net.weight({directions, 2 * rows})};
    std::map<std::string, Shape> shapes{{"x", {c.steps, c.batch, 24}}};
    if (c.states) {
      const Shape state{directions, c.batch, c.hidden};
      inputs.insert(inputs.end(), {graph::kAbsent, net.input("h", state)});
      shapes["h"] = state;
      if (lstm) inputs.insert(inputs.end(), {net.input("c", state), net.weight({directions, 3 * c.hidden})});
      if (lstm) shapes["c"] = state;
    }
    Attributes attributes{{"hidden_size", c.hidden}, {"direction", std::string(c.direction)}};
    if (!lstm) attributes["linear_before_reset"] = Index{1};
    const auto y = net.op(c.op, inputs, attributes);
    graph::Node& node = net.g.nodes.back();
    for (const char* more : {"last", "cell"}) {
      if (node.outputs.size() == (lstm ? 3u : 2u)) break;
      node.outputs.push_back(net.g.add_value({.name = more}));
    }
    for (graph::ValueId out : std::vector(node.outputs)) net.output(out);
    ASSERT_EQ(y, net.g.outputs[0]);
    passes::Log log;
    net.g = passes::optimize(passes::specialize(net.g, shapes, log), log);
    ASSERT_EQ(net.g.nodes.back().domain, "tulle");
    expect_agrees(net, shapes);
  }
}

// From the file's own nodes: what the passes write, kernels and operators must read alike.
TEST(Plan, AppliesActivationsAfterAConvolutionAsTheFileHasThem) {
  const std::pair<const char*, Attributes> activations[] = {
      {"Elu", {}}, {"Elu", {{"alpha", 0.3f}}}, {"LeakyRelu", {}}, {"LeakyRelu", {{"alpha", 0.4f}}}, {"HardSigmoid", {}},
      {"HardSigmoid", {{"alpha", 0.5f}, {"beta", 0.1f}}}, {"HardSwish", {}}, {"Sigmoid", {}}, {"Tanh", {}}, {"Relu", {}}};
  for (const auto& [op, attributes] : activations) {
    SCOPED_TRACE(op);
    Net net(13);
    const std::map<std::string, Shape> shapes{{"x", {1, 5, 9, 9}}};
    const auto conv = net.op("Conv", {net.input("x", shapes.at("x")), net.weight({20, 5, 3, 3})}, {});
    net.output(net.op(op, {conv}, attributes));
    passes::Log log;
    const graph::Graph before = passes::specialize(net.g, shapes, log);
    const std::vector<Tensor> input{net.random(shapes.at("x"))};
    net.g = passes::optimize(before, log);
    ASSERT_EQ(net.g.nodes.size(), 1u);
    const Tensor want = ops::interpret(before, input)[0], got = ops::interpret(net.g, input)[0];
    for (std::size_t i = 0; i < want.as<float>().size(); ++i) ASSERT_NEAR(want.as<float>()[i], got.as<float>()[i], 1e-5) << i;
    expect_agrees(net, shapes);
  }
}

TEST(Plan, NormalizesAcrossAnyAxisAndActivatesRows) {
  for (const Index axis : {0, 1, -2, 3}) {
    Net net(12);
    const auto x = net.input("x", {2, 16, 5, 21});
    const auto gated = net.fused("Activation", {x}, {{"activation", std::string("silu")}});
    net.output(net.op("Softmax", {gated}, {{"axis", axis}}));
    net.output(net.op("LogSoftmax", {x}, {{"axis", axis}}));
    net.output(gated);
    expect_agrees(net, {{"x", {2, 16, 5, 21}}});
  }
}

TEST(Plan, TakesWeightsThatLieTransposed) {
  for (Index n : {1, 33}) {
    Net net(8);
    const auto x = net.input("x", {n, 70});
    net.output(net.fused("Linear", {x, net.weight({70, 45}, 0.85), net.weight({45})}, {{"transposed", Index{1}}}));
    expect_agrees(net, {{"x", {n, 70}}});
  }
}

TEST(Plan, TrustsTheCostModelsWhenTheBudgetIsSpent) {
  Net net(9);
  const auto x = net.input("x", {1, 40, 64});
  net.output(net.fused("Linear", {x, net.weight({50, 64}, 0.9)}));
  passes::Log log;
  const graph::Graph g = passes::specialize(net.g, {{"x", {1, 40, 64}}}, log);
  const auto plan = plan::make(g, {.budget_ms = 0});
  ASSERT_EQ(plan->layers.size(), 1u);
  EXPECT_EQ(plan->layers[0].time_us, 0);
  EXPECT_NE(plan->layers[0].reason.find("cost models"), std::string::npos) << plan->layers[0].reason;
  const auto measured = plan::make(g, {});
  EXPECT_GT(measured->layers[0].time_us, 0);
  EXPECT_GT(measured->layers[0].dense_us, 0) << "a dense kernel is always among those timed";
}

TEST(Plan, GivesOperatorsMemoryForOutputsThatTheNodeLeavesOut) {
  Net net(10);
  const auto x = net.input("x", {3, 20});
  const auto values = net.op("TopK", {x, net.ints({4})});  // its indices are not named
  net.output(net.op("Mul", {values, values}));
  const auto y = net.input("y", {1, 2, 6, 6});
  net.output(net.op("MaxPool", {y}, {{"kernel_shape", std::vector<Index>{2, 2}}}));  // nor here
  expect_agrees(net, {{"x", {3, 20}}, {"y", {1, 2, 6, 6}}});
}

TEST(Plan, MovesElementsOfRowsAsTheirOperatorsDo) {
  Net net(3);
  const auto x = net.input("x", {3, 5, 7, 2}), token = net.input("token", {3, 1, 7, 2});
  const auto joined = net.op("Concat", {token, x, token}, {{"axis", Index{1}}});
  const auto turned = net.op("Transpose", {joined}, {{"perm", std::vector<Index>{2, 0, 3, 1}}});
  const auto reversed = net.op("Transpose", {turned});
  net.output(turned);
  net.output(net.op("Concat", {reversed, reversed}, {{"axis", Index{-1}}}));
  for (const Index axis : {0, 1, -1}) net.output(net.op("Gather", {turned, net.ints({-2})}, {{"axis", axis}}));
  expect_agrees(net, {});
  passes::Log log;
  const graph::Graph g = passes::specialize(net.g, {}, log);
  for (const plan::Layer& layer : plan::make(g, {})->layers) EXPECT_EQ(layer.kernel, "move") << layer.op;
}
