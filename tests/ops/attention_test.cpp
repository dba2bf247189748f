// Attention, RotaryEmbedding and Einsum against sums written out.
#include <cmath>

#include "support/node.hpp"

using namespace tulle;
using namespace tulle::test;

namespace {
Tensor flags(Shape shape, std::vector<std::uint8_t> v) {
  return Tensor::of<std::uint8_t>(DType::boolean, std::move(shape), v);
}
const Tensor kQ = floats({1, 1, 2, 1}, {1, 2}), kK = floats({1, 1, 2, 1}, {0, 1}),
             kV = floats({1, 1, 2, 1}, {10, 20});
double mix(double score0, double score1) {  // softmax over two scores, of the values 10 and 20
  return (10 * std::exp(score0) + 20 * std::exp(score1)) / (std::exp(score0) + std::exp(score1));
}
}  // namespace

TEST(Attention, WeighsValuesAndHidesTheFuture) {
  expect_near(run("Attention", 23, {}, {kQ, kK, kV})[0], {1, 1, 2, 1}, {mix(0, 1), mix(0, 2)}, 1e-5);
  expect_near(run("Attention", 23, {{"is_causal", Index{1}}, {"scale", 0.5f}}, {kQ, kK, kV})[0], {1, 1, 2, 1},
              {10, mix(0, 1)}, 1e-5);
  expect_near(run("Attention", 23, {{"softcap", 0.5f}}, {kQ, kK, kV})[0], {1, 1, 2, 1},
              {mix(0, 0.5 * std::tanh(2)), mix(0, 0.5 * std::tanh(4))}, 1e-5);
}

TEST(Attention, TakesMasksAndZeroesRowsThatSeeNothing) {
  expect_near(run("Attention", 23, {}, {kQ, kK, kV, floats({2, 2}, {3, 0, 0, 5})})[0], {1, 1, 2, 1},
              {mix(3, 1), mix(0, 7)}, 1e-5);
  expect_near(run("Attention", 23, {}, {kQ, kK, kV, flags({2, 2}, {0, 1, 0, 0})})[0], {1, 1, 2, 1}, {20, 0},
              1e-5);
}

TEST(Attention, AppendsToACacheAndSharesKeyHeads) {
  const Tensor q = floats({1, 1, 2}, {1, 3}), k = floats({1, 1, 1}, {1}), v = floats({1, 1, 1}, {20});
  const Tensor past_k = floats({1, 1, 1, 1}, {0}), past_v = floats({1, 1, 1, 1}, {10});
  const auto y = run("Attention", 23, {{"q_num_heads", Index{2}}, {"kv_num_heads", Index{1}}},
                     {q, k, v, Tensor(), past_k, past_v}, 4);
  expect_near(y[0], {1, 1, 2}, {mix(0, 1), mix(0, 3)}, 1e-5);
  expect_near(y[1], {1, 1, 2, 1}, {0, 1}, 0);
  expect_near(y[2], {1, 1, 2, 1}, {10, 20}, 0);
  expect_near(y[3], {1, 2, 1, 2}, {0, 1, 0, 3}, 1e-6);
  EXPECT_NE(refusal("Attention", 23, {{"q_num_heads", Index{2}}}, {q, k, v}).find("'kv_num_heads' is 0"),
            std::string::npos);
}

TEST(RotaryEmbedding, TurnsPairsByTheirPositionsAngle) {
  const Tensor x = floats({1, 1, 2, 2}, {1, 0, 0, 1}), c = floats({3, 1}, {1, 0, -1}),
               s = floats({3, 1}, {0, 1, 0}), where = longs({1, 2}, {1, 2});
  expect_near(run("RotaryEmbedding", 23, {}, {x, c, s, where})[0], {1, 1, 2, 2}, {0, 1, 0, -1}, 0);
  EXPECT_NE(
      refusal("RotaryEmbedding", 23, {}, {x, c, s, longs({1, 2}, {1, 3})}).find("position id 3 is outside"),
      std::string::npos);
  const Tensor wide = floats({1, 1, 1, 4}, {1, 2, 3, 4}), c2 = floats({1, 1, 2}, {0, 0}),
               s2 = floats({1, 1, 2}, {1, 1});
  expect_near(run("RotaryEmbedding", 23, {}, {wide, c2, s2})[0], {1, 1, 1, 4}, {-3, -4, 1, 2}, 0);
  expect_near(run("RotaryEmbedding", 23, {{"interleaved", Index{1}}}, {wide, c2, s2})[0], {1, 1, 1, 4},
              {-2, 1, -4, 3}, 0);
}

TEST(Einsum, SumsOverLabels) {
  const Tensor a = floats({2, 2}, {1, 2, 3, 4}), b = floats({2, 2}, {5, 6, 7, 8});
  const auto of = [&](const char* equation, std::vector<Tensor> in) {
    return run("Einsum", 12, {{"equation", std::string(equation)}}, in)[0];
  };
  expect_near(of("ij,jk->ik", {a, b}), {2, 2}, {19, 22, 43, 50}, 0);
  expect_near(of("ij, jk", {a, b}), {2, 2}, {19, 22, 43, 50}, 0);
  expect_near(of("ii", {a}), {}, {5}, 0);
  expect_near(of("ii->i", {a}), {2}, {1, 4}, 0);
  expect_near(of("ij->ji", {a}), {2, 2}, {1, 3, 2, 4}, 0);
  expect_near(of("...i,...i->...", {a, b}), {2}, {17, 53}, 0);
  expect_near(of("i,j,k->ijk", {floats({2}, {1, 2}), floats({1}, {3}), floats({2}, {5, 7})}), {2, 1, 2},
              {15, 21, 30, 42}, 0);
}

TEST(Einsum, RefusesEquationsThatDoNotFit) {
  const auto says = [&](const char* equation) {
    return refusal("Einsum", 12, {{"equation", std::string(equation)}}, {floats({2, 3}, {1, 2, 3, 4, 5, 6})});
  };
  EXPECT_NE(says("ii").find("has the sizes 2 and 3"), std::string::npos);
  EXPECT_NE(says("i").find("does not fit"), std::string::npos);
  EXPECT_NE(says("ij,j").find("2 terms for 1 inputs"), std::string::npos);
  EXPECT_NE(says("ij->k").find("a label of the output"), std::string::npos);
  EXPECT_NE(says("i$->i").find("want letters"), std::string::npos);
}
