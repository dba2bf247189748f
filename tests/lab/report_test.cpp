#include <gtest/gtest.h>
#include <random>
#include "lab/advice.hpp"
#include "lab/compare.hpp"
#include "lab/inputs.hpp"
#include "lab/profile.hpp"
#include "lab/weights.hpp"
#include "support/net.hpp"
#include "support/temp_folder.hpp"

using namespace tulle;
using nlohmann::json;
using test::message_of;

TEST(Latencies, QuantilesOfManyAndOfFew) {
  std::vector<double> ms(1000);
  for (std::size_t i = 0; i < ms.size(); ++i) ms[i] = static_cast<double>(i + 1);
  std::shuffle(ms.begin(), ms.end(), std::mt19937(1));
  const lab::Latencies l = lab::latencies(ms);
  EXPECT_EQ(l.min, 1);
  EXPECT_EQ(l.median, 501);
  EXPECT_EQ(l.p90, 901);
  EXPECT_EQ(l.p99, 991);
  EXPECT_TRUE(std::is_sorted(l.all.begin(), l.all.end()));
  const lab::Latencies one = lab::latencies({7});
  EXPECT_EQ(one.min, 7);
  EXPECT_EQ(one.p99, 7);
  EXPECT_EQ(lab::latencies({}).median, 0);
}

TEST(Shapes, AreReadAsTheUserWritesThem) {
  EXPECT_TRUE(lab::parse_shapes("").empty());
  const auto shapes = lab::parse_shapes("input_ids:1x128,scalar:,domain::name:0");
  EXPECT_EQ(shapes.at("input_ids"), (Shape{1, 128}));
  EXPECT_EQ(shapes.at("scalar"), Shape{});
  EXPECT_EQ(shapes.at("domain::name"), Shape{0});
}

TEST(Shapes, EachErrorNamesThePart) {
  const std::pair<const char*, const char*> wrong[] = {
      {"x", "'x' has no ':'"}, {"a:1,b", "'b' has no ':'"}, {"x:1xx2", "'' in 'x:1xx2'"}, {"x:-1", "'-1'"}, {"x:1.5", "'1.5'"},
      {"x:99999999999999999999", "'99999999999999999999'"}, {"x:0x10", ""}, {"x: 1", "' 1'"}, {"x:1,x:2", "given twice"}};
  for (const auto& [text, says] : wrong)
    EXPECT_SAYS(message_of<Error>([&] { lab::parse_shapes(text); }), says) << text;
}

namespace {
json report(std::vector<std::tuple<const char*, const char*, double>> layers) {
  json j{{"layers", json::array()}};
  for (const auto& [name, kernel, ms] : layers) j["layers"].push_back({{"name", name}, {"kernel", kernel}, {"ms", ms}});
  return j;
}
}  // namespace

TEST(Compare, ListsWhatChangedTheLargestFirst) {
  const json before = report({{"a", "k1", 1.0}, {"b", "k1", 2.0}, {"c", "k1", 3.0}, {"gone", "k1", 0.5}});
  const json now = report({{"a", "k1", 1.05}, {"b", "k2", 2.0}, {"c", "k1", 1.0}, {"new", "k3", 0.25}});
  const lab::Comparison c = lab::compare(before, now, "old.json");
  EXPECT_EQ(c.same, 1u);
  std::vector<std::string> names;
  for (const lab::Change& change : c.changes) names.push_back(change.layer);
  EXPECT_EQ(names, (std::vector<std::string>{"c", "gone", "new", "b"}));
  EXPECT_EQ(c.changes[1].kernel_now, "");
  EXPECT_EQ(c.changes[3].kernel_now, "k2");
  EXPECT_DOUBLE_EQ(c.ms_before, 6.5);
}

TEST(Compare, OtherJsonIsRefused) {
  for (const json& other : {json(3), json::array(), json::object(), json{{"layers", 5}}, json{{"layers", {{{"name", 1}}}}}})
    EXPECT_SAYS(message_of<Error>([&] { lab::compare(other, report({}), "old.json"); }), "old.json: is no report");
}

TEST(Weights, LayersHaveTheirPatternInEitherOrientation) {
  support::Net net;
  Tensor blocks(TensorType{DType::f32, {16, 16}});
  for (std::size_t i = 0; i < 256; ++i) blocks.as_mutable<float>()[i] = (i / 64 + i % 16 / 4) % 2 ? 1.0f : 0.0f;
  const auto x = net.input("x", {3, 16});
  const auto y = net.op("MatMul", {x, net.weight({16, 24}, 0.9)});
  net.op("Gemm", {x, net.constant(blocks)}, {{"transB", Index{1}}});
  net.op("Relu", {y});
  const auto patterns = lab::patterns(net.g);
  ASSERT_EQ(patterns.size(), 2u);
  EXPECT_EQ(patterns.at(net.g.nodes[0].name).rows, 24);
  EXPECT_NEAR(patterns.at(net.g.nodes[0].name).zeros(), 0.9, 0.06);
  EXPECT_EQ(patterns.at(net.g.nodes[1].name).name, "blocks 4x4");
}

namespace {
struct Nothing final : plan::Step {
  void run(const plan::Frame&) const override {}
};
}  // namespace

TEST(Advice, NamesTheLargestSharesAndWhatWouldTurnThem) {
  plan::Plan plan;
  lab::Profile profile;
  const auto layer = [&](plan::Layer l, const std::string& label, double us) {
    plan.layers.push_back(std::move(l));
    plan.steps.push_back({std::make_unique<Nothing>(), static_cast<int>(plan.layers.size()) - 1, label});
    profile.step_us.push_back(us);
  };
  layer({.name = "thin", .product = true, .zeros = 0.9, .kernel = "s", .time_us = 1, .dense_us = 4, .sparse_us = 1}, "s", 50);
  layer({.name = "thick", .product = true, .zeros = 0.5, .kernel = "d", .time_us = 2, .dense_us = 2, .sparse_us = 3, .break_even = 0.67}, "d", 30);
  layer({.name = "odd", .op = "Mod", .kernel = "operator/reference"}, "operator Mod", 15);
  layer({.name = "tiny", .kernel = "norm"}, "norm", 0.5);
  const std::vector<std::string> advice = lab::advice(plan, profile);
  ASSERT_EQ(advice.size(), 3u);
  EXPECT_SAYS(advice[0], "52 % sparse products, at 90 % zeros: at 95 %");
  EXPECT_SAYS(advice[1], "thick (has 50 %, sparse pays from 67 %)");
  EXPECT_SAYS(advice[2], "odd (Mod");
}
