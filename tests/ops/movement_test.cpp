#include <gtest/gtest.h>

#include <limits>

#include "ops/call.hpp"
#include "ops/element.hpp"

using namespace tulle;
using namespace tulle::ops;
using namespace tulle::ops_test;

namespace {
constexpr Index kLowest = std::numeric_limits<Index>::lowest(), kHighest = std::numeric_limits<Index>::max();
bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
Tensor counting(Shape shape) {
  Tensor t(TensorType{DType::f32, std::move(shape)});
  float next = 0;
  for (float& x : t.as_mutable<float>()) x = next++;
  return t;
}
TensorType f32(Shape shape) {
  return {DType::f32, std::move(shape)};
}
TensorType i64(Shape shape) {
  return {DType::i64, std::move(shape)};
}
}  // namespace

TEST(Reshape, CopiesZerosAndFillsInMinusOne) {
  const auto shape = [](std::vector<Index> target, Index allowzero = 0) {
    return to_string(
        run(node("Reshape", 14, {{"allowzero", allowzero}}), {counting({2, 3, 4}), list(target)}).shape());
  };
  EXPECT_EQ(shape({0, -1}), "[2, 12]");
  EXPECT_EQ(shape({-1, 6}), "[4, 6]");
  EXPECT_EQ(
      to_string(
          run(node("Reshape", 14, {{"allowzero", Index{1}}}), {counting({0, 5}), list({3, 0})}).shape()),
      "[3, 0]");
  EXPECT_EQ(to_string(run(node("Reshape", 13), {counting({1}), list({})}).shape()), "[]");
}

TEST(Reshape, RefusesTargetsThatDoNotFit) {
  const auto refused = [](std::vector<Index> target) {
    return refusal(node("Reshape", 13), {counting({2, 3}), list(target)});
  };
  EXPECT_TRUE(says(refused({-1, -1}), "two of -1"));
  EXPECT_TRUE(says(refused({-2, 3}), "below -1"));
  EXPECT_TRUE(says(refused({4, -1}), "does not hold the 6 elements of [2, 3]"));
  EXPECT_TRUE(says(refused({1, 1, 0}), "copies dimension 2 of [2, 3]"));
  EXPECT_TRUE(says(refused({Index{1} << 40, Index{1} << 40}), "does not fit 64 bits"));
  EXPECT_EQ(shapes(node("Reshape", 13), {f32({2, 3}), i64({2})}), "unknown");
}

TEST(Squeeze, TakesAxesFromTheAttributeBeforeOpset13AndFromTheInputAfter) {
  const Tensor x = counting({1, 3, 1, 1});
  EXPECT_EQ(run(node("Squeeze", 11, {{"axes", std::vector<Index>{0, -1}}}), {x}).shape(), (Shape{3, 1}));
  EXPECT_EQ(run(node("Squeeze", 13), {x, list({0, -1})}).shape(), (Shape{3, 1}));
  EXPECT_EQ(run(node("Squeeze", 13), {x}).shape(), (Shape{3}));
  EXPECT_EQ(run(node("Unsqueeze", 11, {{"axes", std::vector<Index>{0, 2}}}), {counting({3})}).shape(),
            (Shape{1, 3, 1}));
  EXPECT_EQ(run(node("Unsqueeze", 13), {counting({3, 0}), list({-1, 0})}).shape(), (Shape{1, 3, 0, 1}));
  EXPECT_TRUE(says(refusal(node("Squeeze", 13), {x, list({1})}), "dimension 1 of [1, 3, 1, 1] is not 1"));
  EXPECT_TRUE(says(refusal(node("Squeeze", 13), {x, list({4})}), "axis 4 is not in [-4, 4)"));
  EXPECT_TRUE(says(refusal(node("Unsqueeze", 13), {x, list({0, -6})}), "axis 0 is named twice"));
}

TEST(Shape, ReportsAClampedRange) {
  const Tensor x = counting({2, 3, 4});
  EXPECT_EQ(values<Index>(run(node("Shape", 13), {x})), (std::vector<Index>{2, 3, 4}));
  EXPECT_EQ(values<Index>(run(node("Shape", 15, {{"start", Index{-2}}, {"end", Index{9}}}), {x})),
            (std::vector<Index>{3, 4}));
  EXPECT_EQ(run(node("Shape", 15, {{"start", Index{2}}, {"end", Index{1}}}), {x}).shape(), (Shape{0}));
}

TEST(Transpose, MovesEveryElementOfFourDimensions) {
  const Tensor x = counting({2, 3, 5, 7});
  std::vector<Index> perm{0, 1, 2, 3};
  do {
    const Tensor y = run(node("Transpose", 13, {{"perm", perm}}), {x});
    Index at[4];
    for (at[0] = 0; at[0] < y.shape()[0]; ++at[0])
      for (at[1] = 0; at[1] < y.shape()[1]; ++at[1])
        for (at[2] = 0; at[2] < y.shape()[2]; ++at[2])
          for (at[3] = 0; at[3] < y.shape()[3]; ++at[3]) {
            Index in[4], to = 0, from = 0;
            for (std::size_t d = 0; d < 4; ++d) in[perm[d]] = at[d];
            for (std::size_t d = 0; d < 4; ++d)
              to = to * y.shape()[d] + at[d], from = from * x.shape()[d] + in[d];
            ASSERT_EQ(y.as<float>()[static_cast<std::size_t>(to)], static_cast<float>(from))
                << to_string(perm);
          }
  } while (std::next_permutation(perm.begin(), perm.end()));
  EXPECT_EQ(run(node("Transpose", 13), {counting({2, 0, 3})}).shape(), (Shape{3, 0, 2}));
  EXPECT_TRUE(says(refusal(node("Transpose", 13, {{"perm", std::vector<Index>{0, 0, 1, 2}}}), {x}),
                   "axis 0 is named twice"));
}

TEST(Concat, JoinsPartsThatMayBeEmpty) {
  const graph::Node n = node("Concat", 13, {{"axis", Index{1}}});
  EXPECT_EQ(values<float>(run(n, {floats({2, 1}, {1, 2}), floats({2, 0}, {}), floats({2, 2}, {3, 4, 5, 6})})),
            (std::vector<float>{1, 3, 4, 2, 5, 6}));
  EXPECT_TRUE(says(refusal(n, {counting({2, 1}), counting({3, 1})}),
                   "inputs [2, 1] and [3, 1] differ beside axis 1"));
  EXPECT_TRUE(says(refusal(n, {counting({2, 1}), counting({2})}), "differ beside axis 1"));
}

TEST(Split, MakesPartsOfEveryVersion) {
  const Tensor x = counting({7, 2});
  const auto sizes = [&](const graph::Node& n, std::vector<Tensor> inputs) {
    std::vector<Index> all;
    for (const Tensor& part : evaluate(n, inputs)) all.push_back(part.shape()[0]);
    return all;
  };
  EXPECT_EQ(sizes(node("Split", 11, {{"split", std::vector<Index>{3, 0, 4}}}, 3), {x}),
            (std::vector<Index>{3, 0, 4}));
  EXPECT_EQ(sizes(node("Split", 13, {}, 2), {x, list({3, 4})}), (std::vector<Index>{3, 4}));
  EXPECT_EQ(sizes(node("Split", 18, {{"num_outputs", Index{3}}}, 3), {x}), (std::vector<Index>{3, 3, 1}));
  EXPECT_EQ(values<float>(evaluate(node("Split", 13, {}, 2), std::vector<Tensor>{x, list({6, 1})})[1]),
            (std::vector<float>{12, 13}));
  EXPECT_TRUE(says(refusal(node("Split", 13, {}, 2), {x}), "cannot split 7 into 2 equal parts"));
  EXPECT_TRUE(says(refusal(node("Split", 13, {}, 2), {x, list({3, 3})}), "the parts have 6 of 7"));
  EXPECT_TRUE(says(refusal(node("Split", 13, {}, 2), {x, list({8, -1})}), "a part has 8 of 7"));
}

TEST(Slice, FollowsPythonForEveryStartEndAndStep) {
  const Tensor x = counting({5});
  for (Index start = -7; start <= 7; ++start)
    for (Index end = -7; end <= 7; ++end)
      for (Index step : {-3, -2, -1, 1, 2, 3}) {
        std::vector<float>
            want;  // the positions of Python's slice: bounds first counted from the front, then clamped
        const Index low = step > 0 ? 0 : -1, high = step > 0 ? 5 : 4;
        const Index first = std::clamp(start < 0 ? start + 5 : start, low, high),
                    last = std::clamp(end < 0 ? end + 5 : end, low, high);
        for (Index i = first; step > 0 ? i < last : i > last; i += step)
          want.push_back(static_cast<float>(i));
        ASSERT_EQ(
            values<float>(run(node("Slice", 13), {x, list({start}), list({end}), list({0}), list({step})})),
            want)
            << start << ':' << end << ':' << step;
      }
}

TEST(Slice, TakesExtremeBoundsAndRefusesStepZero) {
  const Tensor x = counting({3, 4});
  EXPECT_EQ(
      values<float>(run(node("Slice", 13), {x, list({-1}), list({kLowest}), list({1}), list({kLowest})})),
      (std::vector<float>{3, 7, 11}));
  EXPECT_EQ(
      run(node("Slice", 13), {x, list({kLowest}), list({kHighest}), list({0}), list({kHighest})}).shape(),
      (Shape{1, 4}));
  EXPECT_EQ(run(node("Slice", 9,
                     {{"starts", std::vector<Index>{1}},
                      {"ends", std::vector<Index>{3}},
                      {"axes", std::vector<Index>{1}}}),
                {x})
                .shape(),
            (Shape{3, 2}));
  EXPECT_TRUE(says(refusal(node("Slice", 13), {x, list({0}), list({1}), list({0}), list({0})}),
                   "step along axis 0 is 0"));
  EXPECT_TRUE(
      says(refusal(node("Slice", 13), {x, list({0}), list({1}), list({2})}), "axis 2 is not in [-2, 2)"));
  EXPECT_TRUE(says(refusal(node("Slice", 13), {x, list({0, 0}), list({1})}), "has 2 starts, 1 ends"));
}

TEST(Gather, RefusesIndicesOutOfRangeWhenItRuns) {
  const Tensor x = counting({3, 2});
  EXPECT_EQ(values<float>(run(node("Gather", 13), {x, list({-1, 0})})), (std::vector<float>{4, 5, 0, 1}));
  EXPECT_EQ(run(node("Gather", 13, {{"axis", Index{1}}}), {x, longs({}, {1})}).shape(), (Shape{3}));
  EXPECT_TRUE(says(refusal(node("Gather", 13), {x, list({3})}), "index 3 is not in [-3, 3)"));
  EXPECT_TRUE(says(refusal(node("Gather", 13), {counting({0, 2}), list({0})}), "index 0 is not in [0, 0)"));
  EXPECT_EQ(run(node("Gather", 13), {counting({0, 2}), list({})}).shape(), (Shape{0, 2}));
  EXPECT_TRUE(
      says(refusal(node("GatherElements", 13), {x, longs({1, 2}, {0, -4})}), "index -4 is not in [-3, 3)"));
  EXPECT_TRUE(says(refusal(node("GatherElements", 13), {x, longs({1, 3}, {0, 0, 0})}),
                   "do not fit in [3, 2] beside axis 0"));
  EXPECT_TRUE(says(refusal(node("GatherND", 13), {x, longs({1, 2}, {0, 2})}), "index 2 is not in [-2, 2)"));
  EXPECT_TRUE(says(refusal(node("GatherND", 13), {x, longs({1, 3}, {0, 0, 0})}), "do not fit data [3, 2]"));
}

TEST(Scatter, RefusesIndicesOutOfRangeAndUpdatesThatDoNotFit) {
  const Tensor x = counting({3, 2});
  EXPECT_TRUE(says(refusal(node("ScatterElements", 18), {x, longs({1, 1}, {3}), counting({1, 1})}),
                   "index 3 is not in [-3, 3)"));
  EXPECT_TRUE(says(refusal(node("ScatterElements", 18), {x, longs({1, 1}, {0}), counting({1, 2})}),
                   "updates are [1, 2]; want [1, 1]"));
  EXPECT_TRUE(says(refusal(node("ScatterND", 18), {x, longs({1, 1}, {-4}), counting({1, 2})}),
                   "index -4 is not in [-3, 3)"));
  EXPECT_TRUE(says(refusal(node("ScatterND", 18), {x, longs({1, 1}, {0}), counting({2})}),
                   "updates are [2]; want [1, 2]"));
  EXPECT_EQ(values<float>(run(node("ScatterND", 18, {{"reduction", std::string("max")}}),
                              {x, longs({2, 1}, {1, 1}), floats({2, 2}, {9, 0, 1, 8})})),
            (std::vector<float>{0, 1, 9, 8, 4, 5}));
  EXPECT_TRUE(says(refusal(node("ScatterND", 18, {{"reduction", std::string("mean")}}),
                           {x, longs({1, 1}, {0}), counting({1, 2})}),
                   "'mean'"));
}

TEST(Pad, CropsAndPadsInEveryMode) {
  const auto padded = [](const char* mode, std::vector<Index> pads) {
    return values<float>(run(node("Pad", 19, {{"mode", std::string(mode)}}),
                             {floats({3}, {1, 2, 3}), list(pads), floats({}, {9})}));
  };
  EXPECT_EQ(padded("constant", {2, -1}), (std::vector<float>{9, 9, 1, 2}));
  EXPECT_EQ(padded("constant", {-4, 4}), (std::vector<float>{9, 9, 9}));
  EXPECT_EQ(padded("edge", {1, 2}), (std::vector<float>{1, 1, 2, 3, 3, 3}));
  EXPECT_EQ(padded("reflect", {3, 5}), (std::vector<float>{2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2}));
  EXPECT_EQ(padded("wrap", {4, 1}), (std::vector<float>{3, 1, 2, 3, 1, 2, 3, 1}));
  EXPECT_EQ(values<float>(run(node("Pad", 2, {{"pads", std::vector<Index>{1, 0}}, {"value", 7.0f}}),
                              {floats({1}, {1})})),
            (std::vector<float>{7, 1}));
}

TEST(Pad, RefusesWhatHasNoSense) {
  EXPECT_TRUE(says(refusal(node("Pad", 19), {counting({3}), list({-2, -2})}), "to -1 by constant"));
  EXPECT_TRUE(says(refusal(node("Pad", 19, {{"mode", std::string("edge")}}), {counting({0}), list({1, 0})}),
                   "pads dimension 0 of [0] to 1 by edge"));
  EXPECT_TRUE(says(refusal(node("Pad", 18, {{"mode", std::string("wrap")}}), {counting({3}), list({1, 0})}),
                   "'wrap'"));
  EXPECT_TRUE(says(refusal(node("Pad", 19), {counting({3}), list({1, 0, 0})}), "has 3 pads for 1 axes"));
}

TEST(Sizes, OfFortyBitsAreRefusedBeforeMemoryIsAskedFor) {
  constexpr Index kHuge = Index{1} << 40;
  const Tensor one = counting({1});
  EXPECT_TRUE(says(refusal(node("Expand", 13), {one, list({kHuge})}), "more than the limit"));
  EXPECT_TRUE(says(refusal(node("Expand", 13), {one, list({kHighest, kHighest})}), "more than the limit"));
  EXPECT_TRUE(says(refusal(node("Tile", 13), {one, list({kHuge})}), "more than the limit"));
  EXPECT_TRUE(says(refusal(node("Pad", 13), {one, list({0, kHuge})}), "more than the limit"));
  EXPECT_TRUE(says(refusal(node("Pad", 13), {one, list({kHighest, kHighest})}), "does not fit 64 bits"));
  EXPECT_TRUE(says(refusal(node("ConstantOfShape", 9), {list({kHuge})}), "more than the limit"));
  EXPECT_TRUE(says(refusal(node("ConstantOfShape", 9), {list({-1})}), "shape [-1]"));
  EXPECT_TRUE(says(refusal(node("Range", 11), {longs({}, {0}), longs({}, {kHuge}), longs({}, {1})}),
                   "fewer than 2^40"));
  EXPECT_TRUE(says(refusal(node("Range", 11), {longs({}, {kLowest}), longs({}, {kHighest}), longs({}, {1})}),
                   "fewer than 2^40"));
  EXPECT_TRUE(says(refusal(node("OneHot", 11), {list({0}), longs({}, {kHuge - 1}), floats({2}, {0, 1})}),
                   "more than the limit"));
}

TEST(Sizes, OfTensorsWithoutElementsCostNothing) {  // no loop runs over a dimension of 2^40 beside one of 0
  constexpr Index kHuge = Index{1} << 40;
  const Tensor wide = counting({0, kHuge}), tall = counting({kHuge, 0});
  EXPECT_EQ(run(node("Transpose", 13), {wide}).shape(), (Shape{kHuge, 0}));
  EXPECT_EQ(run(node("Add", 14), {tall, tall}).shape(), (Shape{kHuge, 0}));
  EXPECT_EQ(run(node("Concat", 13, {{"axis", Index{1}}}), {tall, tall}).shape(), (Shape{kHuge, 0}));
  EXPECT_EQ(evaluate(node("TopK", 11, {}, 2), std::vector<Tensor>{wide, list({3})})[0].shape(),
            (Shape{0, 3}));
  EXPECT_EQ(run(node("CumSum", 14), {tall, longs({}, {1})}).shape(), (Shape{kHuge, 0}));
  EXPECT_EQ(run(node("Trilu", 14), {tall}).shape(), (Shape{kHuge, 0}));
  EXPECT_EQ(run(node("Gather", 13, {{"axis", Index{1}}}), {tall, list({})}).shape(), (Shape{kHuge, 0}));
  EXPECT_EQ(run(node("ReduceSum", 13, {{"keepdims", Index{0}}}), {wide, list({1})}).shape(), (Shape{0}));
  EXPECT_TRUE(says(refusal(node("ReduceSum", 13), {tall, list({1})}), "limit"));
  EXPECT_TRUE(says(refusal(node("Unique", 11, {{"axis", Index{1}}}, 4), {wide}), "no elements"));
  EXPECT_TRUE(says(refusal(node("Flatten", 13), {counting({0, kHuge, kHuge})}), "does not fit 64 bits"));
}

TEST(Range, CountsDownAndRefusesStepZero) {
  EXPECT_EQ(values<Index>(run(node("Range", 11), {longs({}, {5}), longs({}, {-2}), longs({}, {-3})})),
            (std::vector<Index>{5, 2, -1}));
  EXPECT_EQ(run(node("Range", 11), {longs({}, {5}), longs({}, {9}), longs({}, {-3})}).shape(), (Shape{0}));
  EXPECT_TRUE(says(refusal(node("Range", 11), {longs({}, {5}), longs({}, {9}), longs({}, {0})}), "step 0"));
  EXPECT_TRUE(says(refusal(node("Range", 11), {floats({}, {0}), floats({}, {1}),
                                               floats({}, {std::numeric_limits<float>::quiet_NaN()})}),
                   "elements"));
}

TEST(Infer, NeedsDataOnlyWhereTheShapeFollowsFromThem) {
  EXPECT_EQ(shapes(node("NonZero", 13), {f32({2, 3})}), "unknown");
  EXPECT_EQ(shapes(node("Expand", 13), {f32({2, 3}), i64({2})}), "unknown");
  EXPECT_EQ(shapes(node("TopK", 11), {f32({2, 3}), i64({1})}), "unknown");
  EXPECT_EQ(shapes(node("Gather", 13), {f32({2, 3}), i64({4, 5})}), "[4, 5, 3]");
  EXPECT_EQ(shapes(node("CumSum", 14), {f32({2, 3}), i64({})}), "[2, 3]");
  EXPECT_EQ(shapes(node("Clip", 13), {f32({2, 3}), f32({})}), "[2, 3]");
  EXPECT_EQ(shapes(node("ReduceMean", 13, {{"axes", std::vector<Index>{1}}}), {f32({2, 3})}), "[2, 1]");
  EXPECT_EQ(shapes(node("ReduceMean", 18), {f32({2, 3}), i64({1})}), "unknown");
}
