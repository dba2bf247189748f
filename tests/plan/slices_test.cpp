#include "plan/slices.hpp"
#include <gtest/gtest.h>
#include "passes/passes.hpp"
#include "support/net.hpp"

using namespace tulle;
using support::Net;

namespace {
graph::Graph specialized(const Net& net, Shape shape) {
  passes::Log log;
  return passes::specialize(net.g, {{"x", std::move(shape)}}, log);
}
Net encoder(Index batch) {
  Net net;
  const auto x = net.input("x", {batch, 64, 48});
  const auto h = net.fused("Linear", {x, net.weight({96, 48}), net.weight({96})});
  net.output(net.op("LayerNormalization", {net.fused("Linear", {h, net.weight({48, 96})}), net.weight({48})}));
  return net;
}
}  // namespace

TEST(Slices, TakesTheFewestItemsThatUseWeightsOften) {
  EXPECT_EQ(plan::slice_size(specialized(encoder(16), {16, 64, 48})), 2);  // 2 x 64 tokens
  EXPECT_EQ(plan::slice_size(specialized(encoder(1), {1, 64, 48})), 0);
}

TEST(Slices, LeavesGraphsWholeThatMixItems) {
  Net softmax;
  const auto a = softmax.fused("Linear", {softmax.input("x", {16, 64, 48}), softmax.weight({48, 48})});
  softmax.output(softmax.op("Softmax", {a}, {{"axis", Index{0}}}));
  EXPECT_EQ(plan::slice_size(specialized(softmax, {16, 64, 48})), 0);

  Net transposed;
  const auto b = transposed.fused("Linear", {transposed.input("x", {16, 16, 48}), transposed.weight({48, 48})});
  transposed.output(transposed.op("Transpose", {b}, {{"perm", std::vector<Index>{1, 0, 2}}}));
  EXPECT_EQ(plan::slice_size(specialized(transposed, {16, 16, 48})), 0);

  Net by_item;  // a constant that differs from item to item
  const auto c = by_item.fused("Linear", {by_item.input("x", {16, 64, 48}), by_item.weight({48, 48})});
  by_item.output(by_item.op("Add", {c, by_item.weight({16, 64, 48})}));
  EXPECT_EQ(plan::slice_size(specialized(by_item, {16, 64, 48})), 0);
}

TEST(Slices, ComparesWholeAndSlicedGraphs) {
  const graph::Graph whole = specialized(encoder(16), {16, 64, 48});
  const Net net = encoder(16);
  passes::Log log;
  const graph::Graph part = passes::specialize(plan::with_free_batch(net.g), {{"x", {2, 64, 48}}}, log);
  EXPECT_TRUE(plan::same_but_batch(whole, part, 2));
  EXPECT_FALSE(plan::same_but_batch(whole, part, 4));
}
