#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "ops/call.hpp"
#include "ops/element.hpp"

using namespace tulle;
using namespace tulle::ops;
using namespace tulle::ops_test;

namespace {
constexpr float kInfinity = std::numeric_limits<float>::infinity();
bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The reduction of `op` over the elements, in f64.
double expected(const std::string& op, const std::vector<double>& x) {
  double sum = 0, squares = 0, absolute = 0, exponentials = 0, product = 1, largest = -kInfinity,
         smallest = kInfinity;
  for (double v : x) {
    sum += v, squares += v * v, absolute += std::abs(v), exponentials += std::exp(v), product *= v;
    largest = std::max(largest, v), smallest = std::min(smallest, v);
  }
  if (op == "ReduceSum") return sum;
  if (op == "ReduceMean") return sum / static_cast<double>(x.size());
  if (op == "ReduceMax") return largest;
  if (op == "ReduceMin") return smallest;
  if (op == "ReduceProd") return product;
  if (op == "ReduceL1") return absolute;
  if (op == "ReduceL2") return std::sqrt(squares);
  if (op == "ReduceLogSum") return std::log(sum);
  if (op == "ReduceLogSumExp") return std::log(exponentials);
  return squares;
}
constexpr const char* kAll[] = {"ReduceSum",       "ReduceMean",     "ReduceMax", "ReduceMin",
                                "ReduceProd",      "ReduceL1",       "ReduceL2",  "ReduceLogSum",
                                "ReduceLogSumExp", "ReduceSumSquare"};
}  // namespace

TEST(Reduce, EveryOperatorOverEverySetOfAxes) {
  const Shape shape{3, 5, 7};
  std::mt19937 bits(1);
  std::uniform_real_distribution<float> real(0.5f, 1.5f);
  Tensor x(TensorType{DType::f32, shape});
  for (float& v : x.as_mutable<float>()) v = real(bits);
  for (const char* op : kAll)
    for (int set = 1; set < 8; ++set) {
      std::vector<Index> axes;
      for (Index d = 0; d < 3; ++d)
        if (set >> d & 1) axes.push_back(d == 1 ? -2 : d);
      const Tensor y = run(node(op, 18, {{"keepdims", Index{0}}}), {x, list(axes)});
      std::map<Index, std::vector<double>> groups;  // by the position in the output
      for (Index i = 0; i < 105; ++i) {
        const Index at[] = {i / 35, i / 7 % 5, i % 7};
        Index to = 0;
        for (int d = 0; d < 3; ++d)
          if (!(set >> d & 1)) to = to * shape[static_cast<std::size_t>(d)] + at[d];
        groups[to].push_back(x.as<float>()[static_cast<std::size_t>(i)]);
      }
      ASSERT_EQ(y.count(), static_cast<Index>(groups.size()));
      for (const auto& [to, elements] : groups) {
        const double want = expected(op, elements);
        ASSERT_NEAR(y.as<float>()[static_cast<std::size_t>(to)], want, 1e-6 * std::abs(want))
            << op << " over " << to_string(axes);
      }
    }
}

TEST(Reduce, EmptySetsHaveTheirNeutralElement) {
  const auto empty = [](const char* op) {
    return run(node(op, 18), {floats({2, 0}, {}), list({1})}).as<float>()[1];
  };
  EXPECT_EQ(empty("ReduceSum"), 0);
  EXPECT_EQ(empty("ReduceProd"), 1);
  EXPECT_EQ(empty("ReduceMax"), -kInfinity);
  EXPECT_EQ(empty("ReduceMin"), kInfinity);
  EXPECT_EQ(empty("ReduceLogSumExp"), -kInfinity);
  EXPECT_TRUE(std::isnan(empty("ReduceMean")));
  EXPECT_EQ(run(node("ReduceMean", 18), {longs({2, 0}, {}), list({1})}).as<Index>()[0], 0);
  EXPECT_EQ(run(node("ReduceSum", 18), {floats({0, 3}, {}), list({1})}).shape(), (Shape{0, 1}));
}

TEST(Reduce, LogSumExpNeitherOverflowsNorLosesInfinities) {
  const auto of = [](std::vector<float> x) {
    const Index n = static_cast<Index>(x.size());
    return run(node("ReduceLogSumExp", 13, {{"keepdims", Index{0}}}), {floats({n}, std::move(x))})
        .as<float>()[0];
  };
  EXPECT_NEAR(of({1000, 1000, 1000}), 1000 + std::log(3.0f), 1e-3);
  EXPECT_EQ(of({-kInfinity, -kInfinity}), -kInfinity);
  EXPECT_EQ(of({1, kInfinity, kInfinity, 2}), kInfinity);
}

TEST(Reduce, TakesAxesFromTheAttributeOrTheInputByVersion) {
  const Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  const Attributes attribute{{"axes", std::vector<Index>{0}}};
  EXPECT_EQ(values<float>(run(node("ReduceSum", 11, attribute), {x})), (std::vector<float>{5, 7, 9}));
  EXPECT_EQ(values<float>(run(node("ReduceSum", 13), {x, list({0})})), (std::vector<float>{5, 7, 9}));
  EXPECT_EQ(values<float>(run(node("ReduceMax", 13, attribute), {x})), (std::vector<float>{4, 5, 6}));
  EXPECT_EQ(values<float>(run(node("ReduceMax", 18), {x})), (std::vector<float>{6}));
  EXPECT_EQ(run(node("ReduceMax", 18, {{"noop_with_empty_axes", Index{1}}}), {x, list({})}).shape(),
            (Shape{2, 3}));
  EXPECT_TRUE(says(refusal(node("ReduceSum", 13), {x, list({2})}), "axis 2 is not in [-2, 2)"));
  EXPECT_TRUE(says(refusal(node("ReduceSum", 13), {x, list({1, -1})}), "axis 1 is named twice"));
}

TEST(Reduce, SumsOfSmallIntegersStayInTheirType) {
  const Tensor x = tensor<std::int32_t>(DType::i32, {3}, {-7, 4, -6});
  EXPECT_EQ(values<std::int32_t>(run(node("ReduceSum", 13), {x})), (std::vector<std::int32_t>{-9}));
  EXPECT_EQ(values<std::int32_t>(run(node("ReduceMean", 13), {x})), (std::vector<std::int32_t>{-3}));
  EXPECT_EQ(values<std::int32_t>(run(node("ReduceL1", 13), {x})), (std::vector<std::int32_t>{17}));
  EXPECT_EQ(values<std::int32_t>(run(node("ReduceProd", 13), {x})), (std::vector<std::int32_t>{168}));
}

TEST(ArgMax, TakesTheFirstOrTheLastOfEquals) {
  const Tensor x = floats({2, 3}, {1, 5, 5, 7, 0, 7});
  EXPECT_EQ(values<Index>(run(node("ArgMax", 13, {{"axis", Index{1}}, {"keepdims", Index{0}}}), {x})),
            (std::vector<Index>{1, 0}));
  EXPECT_EQ(
      values<Index>(run(node("ArgMax", 13, {{"axis", Index{-1}}, {"select_last_index", Index{1}}}), {x})),
      (std::vector<Index>{2, 2}));
  EXPECT_EQ(run(node("ArgMin", 13), {x}).shape(), (Shape{1, 3}));
  EXPECT_TRUE(says(refusal(node("ArgMax", 13), {floats({0, 3}, {})}), "among no elements"));
}

TEST(TopK, OrdersEqualsByPositionAndTakesKOfNothing) {
  const Tensor x = floats({5}, {2, 9, 2, 9, 1});
  const auto top = [&](Index k, Index largest) {
    return evaluate(node("TopK", 11, {{"largest", largest}}, 2), std::vector<Tensor>{x, list({k})});
  };
  EXPECT_EQ(values<Index>(top(4, 1)[1]), (std::vector<Index>{1, 3, 0, 2}));
  EXPECT_EQ(values<Index>(top(3, 0)[1]), (std::vector<Index>{4, 0, 2}));
  EXPECT_EQ(top(0, 1)[0].shape(), (Shape{0}));
  EXPECT_TRUE(says(refusal(node("TopK", 11, {}, 2), {x, list({6})}), "wants the top 6 of 5"));
  EXPECT_TRUE(says(refusal(node("TopK", 9, {}, 2), {x}), "wants the top -1 of 5"));
}

TEST(CumSum, RunsBothWays) {
  const Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(values<float>(run(node("CumSum", 14, {{"reverse", Index{1}}, {"exclusive", Index{1}}}),
                              {x, longs({}, {1})})),
            (std::vector<float>{5, 3, 0, 11, 6, 0}));
  EXPECT_EQ(values<float>(run(node("CumSum", 14), {x, longs({}, {-2})})),
            (std::vector<float>{1, 2, 3, 5, 7, 9}));
  EXPECT_EQ(run(node("CumSum", 14, {{"reverse", Index{1}}}), {floats({2, 0}, {}), longs({}, {1})}).shape(),
            (Shape{2, 0}));
  EXPECT_TRUE(says(refusal(node("CumSum", 14), {x, longs({}, {2})}), "axis 2 is not in [-2, 2)"));
}

TEST(ReverseSequence, RefusesLengthsBeyondTheSteps) {
  EXPECT_TRUE(says(refusal(node("ReverseSequence", 10), {floats({2, 1}, {1, 2}), list({3})}),
                   "sequence 0 has length 3 of 2"));
  EXPECT_EQ(
      values<float>(run(node("ReverseSequence", 10), {floats({3, 2}, {0, 1, 2, 3, 4, 5}), list({2, 3})})),
      (std::vector<float>{2, 5, 0, 3, 4, 1}));
}

TEST(Select, HandlesScalarsAndEmptyTensors) {
  EXPECT_EQ(run(node("NonZero", 13), {floats({}, {3})}).shape(), (Shape{0, 1}));
  EXPECT_EQ(run(node("NonZero", 13), {floats({0, 3}, {})}).shape(), (Shape{2, 0}));
  EXPECT_EQ(run(node("Unique", 11, {}, 4), {floats({0}, {})}).shape(), (Shape{0}));
  EXPECT_EQ(run(node("Trilu", 14), {floats({2, 0, 3}, {})}).shape(), (Shape{2, 0, 3}));
  const Tensor condition =
      tensor<Boolean>(DType::boolean, {3}, {Boolean(false), Boolean(false), Boolean(true)});
  EXPECT_TRUE(
      says(refusal(node("Compress", 11), {floats({2}, {1, 2}), condition}), "chooses position 2 of 2"));
}
