#include "passes/builder.hpp"

using namespace tulle;
using namespace tulle::passes::testing;

namespace {
std::string refusal(const Graph& g, const std::map<std::string, Shape>& shapes) {
  try {
    passes::Log log;
    passes::specialize(g, shapes, log);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

Graph two_symbolic_inputs() {
  Builder b;
  const ValueId x = b.input("x", {-1, 3}), y = b.input("y", {-1, 3});
  for (ValueId id : {x, y}) (*b.g.value(id).declared)[0] = {-1, "batch"};
  return b.graph({b.op("Add", {x, y})});
}

Graph specialized(const Graph& g, const std::map<std::string, Shape>& shapes = {}) {
  passes::Log log;
  return passes::specialize(g, shapes, log);
}
}  // namespace

TEST(Specialize, NamesInputWhatCameAndWhatWasWanted) {
  const Graph g = two_symbolic_inputs();
  EXPECT_EQ(refusal(g, {{"x", {2, 3}}, {"y", {2, 3}}}), "accepted");
  EXPECT_EQ(refusal(g, {{"x", {2, 3}}}), "input 'y': no shape was given; the model declares [batch, 3]");
  EXPECT_EQ(refusal(g, {{"z", {2, 3}}}), "input 'z': the model has no such input; it has 'x', 'y'");
  EXPECT_EQ(refusal(g, {{"x", {2}}, {"y", {2, 3}}}), "input 'x': got [2]; want [batch, 3] (rank 2)");
  EXPECT_EQ(refusal(g, {{"x", {2, 4}}, {"y", {2, 3}}}),
            "input 'x': got [2, 4]; want [batch, 3] (dimension 1 is 4)");
  EXPECT_EQ(refusal(g, {{"x", {2, 3}}, {"y", {5, 3}}}),
            "input 'y': got [5, 3]; want [batch, 3], where 'batch' is 2 by input 'x'");
  EXPECT_NE(refusal(g, {{"x", {-2, 3}}, {"y", {2, 3}}}).find("negative"), std::string::npos);
  EXPECT_NE(refusal(g, {{"x", {Index{1} << 62, 3}}, {"y", {2, 3}}}).find("does not fit"), std::string::npos);
  EXPECT_NE(refusal(g, {{"x", {Index{1} << 40, 3}}, {"y", {2, 3}}}).find("want at most"), std::string::npos);
}

TEST(Specialize, TakesAQuestionMarkForNoName) {
  Builder b;
  const ValueId x = b.input("x", {-1, -1});
  for (graph::Dim& d : *b.g.value(x).declared) d.symbol = "?";
  EXPECT_EQ(refusal(b.graph({b.op("Relu", {x})}), {{"x", {2, 3}}}), "accepted");
}

TEST(Specialize, FoldsShapeArithmeticOfValuesWithoutData) {
  Builder b;
  const ValueId x = b.input("x", {2, 3, 4});
  const ValueId rows = b.op("Gather", {b.op("Shape", {x}), b.integer(0)}, {{"axis", Index{0}}});
  const ValueId target =
      b.op("Concat", {b.op("Unsqueeze", {rows, b.integers({0})}), b.integers({12})}, {{"axis", Index{0}}});
  const Graph g = b.graph({b.op("Relu", {b.op("Reshape", {x, target})})});
  const Graph after = specialized(g);
  EXPECT_EQ(text(after), "Reshape Relu");
  EXPECT_EQ(after.value(after.outputs[0]).type, (TensorType{DType::f32, {2, 12}}));
  expect_same_results(g, after);
}

TEST(Specialize, RemovesWhatChangesNothingAndKeepsOutputNames) {
  Builder b;
  const ValueId x = b.input("x", {2, 3});
  const ValueId same = b.op("Reshape", {b.op("Identity", {x}), b.integers({2, 3})});
  const ValueId y = b.op("Relu", {b.op("Cast", {same}, {{"to", Index{1}}})});
  const ValueId kept = b.op("Transpose", {y}, {{"perm", std::vector<Index>{1, 0}}});
  const Graph g = b.graph({b.op("Identity", {y}), kept, b.op("Identity", {x})});
  const Graph after = specialized(g);
  EXPECT_EQ(text(after), "Relu Transpose Identity");
  expect_same_results(g, after);
}

TEST(Specialize, SharesTheBytesOfReshapedWeights) {
  Builder b;
  const ValueId x = b.input("x", {2, 6}), w = b.weight({2, 3});
  const void* bytes = b.g.value(w).constant.data();
  const Graph after = specialized(b.graph({b.op("Add", {x, b.op("Reshape", {w, b.integers({1, 6})})})}));
  EXPECT_EQ(after.value(after.nodes.at(0).inputs[1]).constant.data(), bytes);
}

TEST(Specialize, DoesNotFoldWhatGrowsTooMuch) {
  Builder b;
  const ValueId x = b.input("x", {1});
  const ValueId big = b.op("Expand", {b.weight({1, 1}), b.integers({5000, 5000})});
  EXPECT_EQ(text(specialized(b.graph({b.op("Add", {x, big})}))), "Expand Add");
  EXPECT_NE(refusal(b.g, {}).find("accepted"), std::string::npos);
  Builder huge;
  const ValueId z = huge.input("x", {1});
  const Graph g = huge.graph(
      {huge.op("Add", {z, huge.op("Expand", {huge.weight({1}), huge.integers({Index{1} << 40})})})});
  EXPECT_NE(refusal(g, {}), "accepted");
}

TEST(Specialize, InlinesTheBranchThatAConstantConditionChooses) {
  Builder outer;
  const ValueId x = outer.input("x", {4}), y = outer.op("Neg", {x});
  const auto branch = [&](const char* op) {
    Builder inner;
    const ValueId inside = inner.g.add_value({.name = "captured"});
    inner.g.captures = {{y, inside}};
    return std::shared_ptr<const Graph>(std::make_shared<Graph>(inner.graph({inner.op(op, {inside})})));
  };
  const ValueId rank = outer.op("Size", {outer.op("Shape", {x})});
  const ValueId condition = outer.op("Equal", {rank, outer.integer(1)});
  const ValueId chosen =
      outer.op("If", {condition}, {{"then_branch", branch("Exp")}, {"else_branch", branch("Abs")}});
  const Graph g = outer.graph({chosen, outer.op("Tanh", {chosen})});
  const Graph after = specialized(g);
  EXPECT_EQ(text(after), "Neg Exp Tanh");
  EXPECT_EQ(after.value(after.outputs[0]).name, g.value(chosen).name);
}

TEST(Specialize, LeavesValuesWithoutTypeWhereTheyDependOnData) {
  Builder b;
  const ValueId x = b.input("x", {4}), n = b.input("n", {1}, DType::i64);
  const Graph after = specialized(b.graph({b.op("Relu", {b.op("Expand", {x, n})})}));
  EXPECT_EQ(text(after), "Expand Relu");
  EXPECT_FALSE(after.value(after.outputs[0]).type);
}

TEST(Passes, TakeLongChainsInBoundedTime) {
  Builder b;
  ValueId x = b.input("x", {4});
  for (int i = 0; i < 20000; ++i) x = b.op(i % 3 ? "Mul" : "Add", {x, b.number(1)});
  passes::Log log;
  EXPECT_FALSE(passes::optimize(passes::specialize(b.graph({x}), {}, log), log).nodes.empty());
}
