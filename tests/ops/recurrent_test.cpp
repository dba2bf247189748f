// LSTM, GRU and RNN with one unit, against the definition's equations written out.
#include <cmath>

#include "support/node.hpp"

using namespace tulle;
using namespace tulle::test;

namespace {
double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}
const Tensor kSteps = floats({3, 1, 1}, {0.5f, -1, 2});
}  // namespace

TEST(Lstm, FollowsItsEquationsWithPeepholes) {
  const Tensor w = floats({1, 4, 1}, {0.1f, 0.2f, 0.3f, 0.4f}),
               r = floats({1, 4, 1}, {0.5f, -0.6f, 0.7f, 0.8f});
  const Tensor b = floats({1, 8}, {0.01f, 0.02f, 0.03f, 0.04f, 0.05f, 0.06f, 0.07f, 0.08f}),
               p = floats({1, 3}, {0.3f, 0.2f, 0.1f});
  const auto y =
      run("LSTM", 14, {{"hidden_size", Index{1}}}, {kSteps, w, r, b, Tensor(), Tensor(), Tensor(), p}, 3);
  double h = 0, c = 0;
  for (std::size_t t = 0; t < 3; ++t) {
    const double x = kSteps.as<float>()[t];
    const double i = sigmoid(0.1 * x + 0.5 * h + 0.06 + 0.3 * c),
                 f = sigmoid(0.3 * x + 0.7 * h + 0.10 + 0.1 * c);
    const double g = std::tanh(0.4 * x + 0.8 * h + 0.12);
    c = f * c + i * g;
    h = sigmoid(0.2 * x - 0.6 * h + 0.08 + 0.2 * c) * std::tanh(c);
    EXPECT_NEAR(y[0].as<float>()[t], h, 1e-6);
  }
  expect_near(y[1], {1, 1, 1}, {h}, 1e-6);
  expect_near(y[2], {1, 1, 1}, {c}, 1e-6);
}

TEST(Gru, ResetsBeforeOrAfterTheProduct) {
  const Tensor w = floats({1, 3, 1}, {0.1f, 0.2f, 0.3f}), r = floats({1, 3, 1}, {0.5f, -0.6f, 0.7f});
  const Tensor b = floats({1, 6}, {0, 0, 0, 0.1f, 0.2f, 0.3f}), start = floats({1, 1, 1}, {0.9f});
  for (const bool after : {false, true}) {
    const auto y = run("GRU", 14, {{"hidden_size", Index{1}}, {"linear_before_reset", Index{after}}},
                       {kSteps, w, r, b, Tensor(), start}, 2);
    double h = 0.9;
    for (std::size_t t = 0; t < 3; ++t) {
      const double x = kSteps.as<float>()[t], z = sigmoid(0.1 * x + 0.5 * h + 0.1),
                   k = sigmoid(0.2 * x - 0.6 * h + 0.2);
      const double g = std::tanh(0.3 * x + (after ? k * (0.7 * h + 0.3) : 0.7 * k * h + 0.3));
      h = (1 - z) * g + z * h;
      EXPECT_NEAR(y[0].as<float>()[t], h, 1e-6) << after;
    }
  }
}

TEST(Rnn, RunsBothWaysStopsAtSequenceLengthsAndClips) {
  const Tensor x = floats({3, 2, 1}, {1, 10, 2, 20, 3, 30}), w = floats({2, 1, 1}, {1, 1}),
               r = floats({2, 1, 1}, {1, 1});
  const Tensor lengths = Tensor::of<std::int32_t>(DType::i32, {2}, std::vector<std::int32_t>{3, 2});
  Attributes a{{"hidden_size", Index{1}},
               {"direction", std::string("bidirectional")},
               {"activations", std::vector<std::string>{"Affine", "Affine"}}};
  const auto y = run("RNN", 14, a, {x, w, r, Tensor(), lengths}, 2);
  // [step, direction, sequence]: running sums, from the end of each sequence for the second direction
  expect_near(y[0], {3, 2, 2, 1}, {1, 10, 6, 30, 3, 30, 5, 20, 6, 0, 3, 0}, 0);
  expect_near(y[1], {2, 2, 1}, {6, 30, 6, 30}, 0);
  a["clip"] = 4.0f;
  expect_near(run("RNN", 14, a, {x, w, r, Tensor(), lengths}, 2)[1], {2, 2, 1}, {4, 4, 4, 4}, 0);
}

TEST(Recurrent, RefuseUnknownActivationsAndBadLengths) {
  const Tensor w = floats({1, 1, 1}, {1});
  EXPECT_NE(refusal("RNN", 14, {{"activations", std::vector<std::string>{"Swish"}}}, {kSteps, w, w})
                .find("names 'Swish'"),
            std::string::npos);
  EXPECT_NE(refusal("RNN", 14, {{"hidden_size", Index{2}}}, {kSteps, w, w}).find("'hidden_size' is 2"),
            std::string::npos);
  const Tensor lengths = Tensor::of<std::int32_t>(DType::i32, {1}, std::vector<std::int32_t>{4});
  EXPECT_NE(refusal("RNN", 14, {}, {kSteps, w, w, Tensor(), lengths}).find("holds 4; want 0 to 3"),
            std::string::npos);
}
