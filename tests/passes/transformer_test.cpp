#include "passes/builder.hpp"

using namespace tulle;
using namespace tulle::passes::testing;

namespace {
constexpr Index kBatch = 2, kSeq = 5, kHeads = 3, kWidth = 4, kDim = kHeads * kWidth;

ValueId dense(Builder& b, ValueId x, Index k, Index m) {
  return b.op("Add", {b.weight({m}), b.op("MatMul", {x, b.weight({k, m}, -0.5f, 0.5f)})});
}
ValueId transpose(Builder& b, ValueId x, std::vector<Index> perm) {
  return b.op("Transpose", {x}, {{"perm", std::move(perm)}});
}
ValueId heads(Builder& b, ValueId x) {
  return b.op("Reshape", {x, b.integers({0, 0, kHeads, kWidth})});
}

/// The context of scores and values, put back to [B, S, H D].
ValueId finish(Builder& b, ValueId scores, ValueId v) {
  const ValueId context = b.op("MatMul", {b.op("Softmax", {scores}, {{"axis", Index{-1}}}), v});
  return b.op("Reshape", {transpose(b, context, {0, 2, 1, 3}), b.integers({0, 0, kDim})});
}

std::string count(const Graph& g) {  // of the nodes of domain tulle
  std::map<std::string, int> times;
  for (const Node& node : g.nodes) ++times[node.op];
  std::string text;
  for (const auto& [op, n] : times) text += (text.empty() ? "" : " ") + op + ":" + std::to_string(n);
  return text;
}
}  // namespace

TEST(LayerNorm, IsFoundInItsVariants) {
  for (int variant = 0; variant < 4; ++variant) {
    Builder b;
    const ValueId x = b.input("x", {2, 3, 8});
    const Attributes last{{"axes", std::vector<Index>{variant == 1 ? 2 : -1}}};
    const ValueId d = b.op("Sub", {x, b.op("ReduceMean", {x}, last)});
    const ValueId square = variant % 2 ? b.op("Mul", {d, d}) : b.op("Pow", {d, b.number(2)});
    const ValueId variance = b.op("Add", {b.op("ReduceMean", {square}, last), b.number(1e-3f)});
    ValueId y;
    if (variant == 2)
      y = b.op("Mul", {b.op("Reciprocal", {b.op("Sqrt", {variance})}), d});
    else if (variant == 3)
      y = b.op("Mul", {d, b.op("Pow", {variance, b.number(-0.5f)})});
    else
      y = b.op("Div", {d, b.op("Sqrt", {variance})});
    y = b.op("Add", {b.op("Mul", {b.weight({8}), y}), b.weight({8})});
    const Graph after = optimized(b.graph({y}));
    EXPECT_EQ(text(after), "LayerNormalization") << variant;
    EXPECT_EQ(after.nodes.at(0).inputs.size(), 3u);
  }
}

TEST(LayerNorm, NeedsNoGammaAndNoBeta) {
  Builder b;
  const ValueId x = b.input("x", {2, 8});
  const Attributes last{{"axes", std::vector<Index>{-1}}};
  const ValueId again = b.op("Sub", {x, b.op("ReduceMean", {x}, last)});  // torch subtracts twice
  const ValueId d = b.op("Sub", {x, b.op("ReduceMean", {x}, last)});
  const ValueId variance = b.op("ReduceMean", {b.op("Pow", {again, b.number(2)})}, last);
  EXPECT_EQ(
      text(optimized(b.graph({b.op("Div", {d, b.op("Sqrt", {b.op("Add", {variance, b.number(1e-3f)})})})}))),
      "LayerNormalization");
}

TEST(LayerNorm, IsNotTakenFromAnotherAxis) {
  Builder b;
  const ValueId x = b.input("x", {2, 3, 8});
  const Attributes middle{{"axes", std::vector<Index>{1}}};
  const ValueId d = b.op("Sub", {x, b.op("ReduceMean", {x}, middle)});
  const ValueId variance = b.op("ReduceMean", {b.op("Mul", {d, d})}, middle);
  const Graph g = b.graph({b.op("Div", {d, b.op("Sqrt", {b.op("Add", {variance, b.number(1e-3f)})})})});
  EXPECT_EQ(text(optimized(g)).find("LayerNormalization"), std::string::npos);
}

TEST(LayerNorm, IsNotTakenFromTheVarianceOfSomethingElse) {
  Builder b;
  const ValueId x = b.input("x", {2, 8}), other = b.input("other", {2, 8});
  const Attributes last{{"axes", std::vector<Index>{-1}}};
  const ValueId d = b.op("Sub", {x, b.op("ReduceMean", {x}, last)});
  const ValueId variance = b.op("ReduceMean", {b.op("Mul", {other, other})}, last);
  const ValueId root = b.op("Sqrt", {b.op("Add", {variance, b.number(1e-3f)})});
  EXPECT_EQ(text(optimized(b.graph({b.op("Div", {d, root})}))).find("LayerNormalization"), std::string::npos);
}

TEST(Attention, IsFoundWithScaleAtScoresOrAtQueriesAndKeys) {
  for (int variant = 0; variant < 4; ++variant) {
    Builder b;
    const ValueId x = b.input("x", {kBatch, kSeq, kDim}), mask = b.input("mask", {kBatch, 1, 1, kSeq});
    ValueId q = transpose(b, heads(b, dense(b, x, kDim, kDim)), {0, 2, 1, 3});
    ValueId k = heads(b, dense(b, x, kDim, kDim));
    k = variant % 2 ? transpose(b, k, {0, 2, 3, 1})
                    : transpose(b, transpose(b, k, {0, 2, 1, 3}), {0, 1, 3, 2});
    const ValueId v = transpose(b, heads(b, dense(b, x, kDim, kDim)), {0, 2, 1, 3});
    if (variant >= 2) q = b.op("Mul", {q, b.number(0.7f)}), k = b.op("Mul", {k, b.number(0.7f)});
    ValueId scores = b.op("MatMul", {q, k});
    if (variant < 2) scores = b.op("Div", {scores, b.number(2)});
    if (variant % 2) scores = b.op("Add", {scores, mask});
    const Graph after = optimized(b.graph({dense(b, finish(b, scores, v), kDim, kDim)}));
    EXPECT_EQ(text(after),
              "tulle.Linear+bias tulle.Linear+bias tulle.Linear+bias tulle.Attention tulle.Linear+bias")
        << variant;
    EXPECT_FLOAT_EQ(after.nodes.at(3).float_attribute("scale", 0), variant < 2 ? 0.5f : 0.49f);
    EXPECT_EQ(after.nodes.at(3).inputs.size(), variant % 2 ? 4u : 3u);
  }
}

TEST(Attention, TakesAMaskWrittenByWhere) {
  for (const bool keeps_true : {false, true}) {
    Builder b;
    const ValueId x = b.input("x", {kBatch, kSeq, kDim}), mask = b.input("mask", {kBatch, 1, 1, kSeq});
    const ValueId q = transpose(b, heads(b, x), {0, 2, 1, 3}), k = transpose(b, heads(b, x), {0, 2, 3, 1});
    const ValueId scores = b.op("MatMul", {q, k}), condition = b.op("Less", {mask, b.number(1)});
    const ValueId low = b.number(-3.4e38f);
    const ValueId masked =
        b.op("Where", keeps_true ? std::vector{condition, scores, low} : std::vector{condition, low, scores});
    EXPECT_EQ(count(optimized(b.graph({finish(b, masked, q)}))), "Attention:1 Less:1 Where:1");
  }
}

TEST(Attention, AddsSeveralMasks) {
  Builder b;
  const ValueId x = b.input("x", {kBatch, kSeq, kDim}), padding = b.input("padding", {kBatch, 1, 1, kSeq});
  const ValueId causal = b.op("Less", {b.input("causal", {1, 1, kSeq, kSeq}), b.number(1)});
  const ValueId q = transpose(b, heads(b, x), {0, 2, 1, 3}), k = transpose(b, heads(b, x), {0, 2, 3, 1});
  const ValueId scores = b.op("Where", {causal, b.op("MatMul", {q, k}), b.number(-3.4e38f)});
  const Graph after = optimized(b.graph({finish(b, b.op("Add", {padding, scores}), q)}));
  EXPECT_EQ(count(after), "Add:1 Attention:1 Less:1 Where:1");
}

TEST(Attention, IsFoundInFrontOfABatchFoldedIntoHeads) {  // as torch.nn.MultiheadAttention exports it
  Builder b;
  const ValueId x = b.input("x", {kSeq, kBatch, kDim}), mask = b.input("mask", {kSeq, kSeq});
  const auto folded = [&](std::vector<Index> perm) {
    const ValueId y = b.op("Reshape", {dense(b, x, kDim, kDim), b.integers({kSeq, kBatch * kHeads, kWidth})});
    return transpose(b, y, std::move(perm));
  };
  const ValueId q = b.op("Mul", {folded({1, 0, 2}), b.number(0.5f)});
  const ValueId scores = b.op("Add", {b.op("MatMul", {q, folded({1, 2, 0})}), mask});
  const ValueId context =
      b.op("MatMul", {b.op("Softmax", {scores}, {{"axis", Index{-1}}}), folded({1, 0, 2})});
  const ValueId y = b.op("Reshape", {transpose(b, context, {1, 0, 2}), b.integers({kSeq, kBatch, kDim})});
  EXPECT_EQ(count(optimized(b.graph({dense(b, y, kDim, kDim)}))), "Attention:1 Linear:4 Reshape:4");
}

TEST(Qkv, IsCutAtSplitsAndSlices) {
  for (const bool by_split : {true, false}) {
    Builder b;
    const ValueId x = b.input("x", {kBatch, kSeq, kDim}), y = dense(b, x, kDim, 3 * kDim);
    std::vector<ValueId> parts;
    if (by_split)
      parts = b.nodes("Split", {y, b.integers({kDim, kDim, kDim})}, {{"axis", Index{-1}}}, 3);
    else
      for (Index i = 0; i < 3; ++i)
        parts.push_back(
            b.op("Slice", {y, b.integers({i * kDim}), b.integers({(i + 1) * kDim}), b.integers({2})}));
    const ValueId scores = b.op("MatMul", {transpose(b, heads(b, parts[0]), {0, 2, 1, 3}),
                                           transpose(b, heads(b, parts[1]), {0, 2, 3, 1})});
    const Graph g = b.graph({finish(b, scores, transpose(b, heads(b, parts[2]), {0, 2, 1, 3}))});
    EXPECT_EQ(text(optimized(g)), "tulle.Linear+bias tulle.Linear+bias tulle.Linear+bias tulle.Attention")
        << by_split;
  }
}

TEST(Qkv, IsCutThroughReshapeAndTranspose) {
  for (const bool by_split : {true, false}) {
    Builder b;
    const ValueId x = b.input("x", {kBatch, kSeq, kDim}), y = dense(b, x, kDim, 3 * kDim);
    const ValueId all =
        transpose(b, b.op("Reshape", {y, b.integers({kBatch, kSeq, 3, kHeads, kWidth})}), {2, 0, 3, 1, 4});
    std::vector<ValueId> parts;
    if (by_split) {
      for (ValueId part : b.nodes("Split", {all, b.integers({1, 1, 1})}, {{"axis", Index{0}}}, 3))
        parts.push_back(b.op("Squeeze", {part, b.integers({0})}));
    } else {
      for (Index i = 0; i < 3; ++i)
        parts.push_back(b.op("Gather", {all, b.integer(i)}, {{"axis", Index{0}}}));
    }
    const ValueId q = b.op("Mul", {parts[0], b.number(0.5f)});
    const ValueId scores = b.op("MatMul", {q, transpose(b, parts[1], {0, 1, 3, 2})});
    const Graph after = optimized(b.graph({finish(b, scores, parts[2])}));
    EXPECT_EQ(text(after), "tulle.Linear+bias tulle.Linear+bias tulle.Linear+bias tulle.Attention")
        << by_split;
  }
}

TEST(Qkv, IsCutWhereTheThreeStandInsideEveryHead) {
  Builder b;
  const ValueId x = b.input("x", {kBatch, kSeq, kDim}), y = dense(b, x, kDim, 3 * kDim);
  const ValueId view = b.op("Reshape", {y, b.integers({kBatch, kSeq, kHeads, 3, kWidth})});
  const ValueId all = transpose(b, view, {3, 0, 2, 1, 4});
  std::vector<ValueId> parts;
  for (Index i = 0; i < 3; ++i) parts.push_back(b.op("Gather", {all, b.integer(i)}, {{"axis", Index{0}}}));
  const ValueId scores = b.op("MatMul", {parts[0], transpose(b, parts[1], {0, 1, 3, 2})});
  EXPECT_EQ(count(optimized(b.graph({finish(b, scores, parts[2])}))), "Attention:1 Linear:3");
}

TEST(Qkv, IsNotCutWhenPartsOverlap) {
  Builder b;
  const ValueId x = b.input("x", {2, 6}), y = dense(b, x, 6, 8);
  const auto slice = [&](Index first, Index last) {
    return b.op("Slice", {y, b.integers({first}), b.integers({last}), b.integers({1})});
  };
  EXPECT_EQ(text(optimized(b.graph({slice(0, 5), slice(3, 8)}))), "tulle.Linear+bias Slice Slice");
}

TEST(Views, CancelAndRepeatsMerge) {
  Builder b;
  const ValueId x = b.input("x", {2, 3, 4});
  const ValueId back = transpose(b, transpose(b, x, {2, 0, 1}), {1, 2, 0});
  const ValueId flat = b.op("Reshape", {b.op("Unsqueeze", {back, b.integers({0})}), b.integers({2, 12})});
  const ValueId twice = b.op("Add", {b.op("Exp", {flat}), b.op("Exp", {flat})});
  EXPECT_EQ(text(optimized(b.graph({b.op("Sin", {twice})}))), "Reshape Exp Add Sin");
}
