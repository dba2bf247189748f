// If, Loop and Scan over small graphs made by hand.
#include "support/node.hpp"

using namespace tulle;
using namespace tulle::test;
using graph::Graph;
using graph::ValueId;

namespace {
using Sub = std::shared_ptr<const Graph>;

/// A graph written as a list of operations; values are known by name.
struct Builder {
  Graph g;
  std::map<std::string, ValueId> ids;
  ValueId id(const std::string& name) {
    if (!ids.contains(name)) ids[name] = g.add_value({.name = name});
    return ids[name];
  }
  std::vector<ValueId> all(const std::vector<std::string>& names) {
    std::vector<ValueId> list;
    for (const auto& name : names) list.push_back(id(name));
    return list;
  }
  Builder& inputs(const std::vector<std::string>& names) { return g.inputs = all(names), *this; }
  Builder& outputs(const std::vector<std::string>& names) { return g.outputs = all(names), *this; }
  Builder& constant(const std::string& name, Tensor t) {
    return g.value(id(name)).constant = std::move(t), *this;
  }
  Builder& capture(ValueId outer, const std::string& name) {
    return g.captures.push_back({outer, id(name)}), *this;
  }
  Builder& node(const std::string& op, const std::vector<std::string>& in,
                const std::vector<std::string>& out, Attributes a = {}) {
    g.nodes.push_back({.name = op,
                       .op = op,
                       .version = 13,
                       .inputs = all(in),
                       .outputs = all(out),
                       .attributes = std::move(a)});
    return *this;
  }
  Sub sub() const { return std::make_shared<const Graph>(g); }
};
Tensor boolean(bool x) {
  return Tensor::of<std::uint8_t>(DType::boolean, {}, std::vector<std::uint8_t>{x});
}

/// (trip, going, sum) to (sum < 20, sum + trip + captured outer value 1, the same as a scan output)
Sub counting_body() {
  return Builder()
      .inputs({"trip", "going", "sum"})
      .capture(1, "step")
      .constant("limit", longs({}, {20}))
      .node("Add", {"sum", "trip"}, {"a"})
      .node("Add", {"a", "step"}, {"b"})
      .node("Less", {"b", "limit"}, {"more"})
      .node("Identity", {"b"}, {"seen"})
      .outputs({"more", "b", "seen"})
      .sub();
}
std::vector<Tensor> count(Tensor trips, Tensor going) {
  Builder outer;
  outer.inputs({"trips", "step", "going", "start"})
      .node("Loop", {"trips", "going", "start"}, {"sum", "all"}, {{"body", counting_body()}})
      .outputs({"sum", "all"});
  return ops::interpret(
      outer.g, std::vector<Tensor>{std::move(trips), longs({}, {2}), std::move(going), longs({}, {1})});
}
}  // namespace

TEST(If, RunsTheChosenBranchWithItsCaptures) {
  Builder outer;
  outer.inputs({"cond", "x"});
  const Sub yes = Builder().capture(1, "x").node("Neg", {"x"}, {"y"}).outputs({"y"}).sub();
  const Sub no = Builder().capture(1, "x").node("Add", {"x", "x"}, {"y"}).outputs({"y"}).sub();
  outer.node("If", {"cond"}, {"y"}, {{"then_branch", yes}, {"else_branch", no}}).outputs({"y"});
  for (const bool cond : {true, false})
    expect_near(ops::interpret(outer.g, std::vector<Tensor>{boolean(cond), floats({2}, {3, 4})})[0], {2},
                {cond ? -3.0 : 6.0, cond ? -4.0 : 8.0}, 0);
  EXPECT_THROW(ops::interpret(outer.g, std::vector<Tensor>{floats({}, {1}), floats({2}, {3, 4})}), Error);
}

TEST(Loop, CarriesStateStacksOutputsAndStops) {
  const auto by_trips = count(longs({}, {3}), boolean(true));  // 1 -> 3 -> 6 -> 10
  expect_near<Index>(by_trips[0], {}, {10}, 0);
  expect_near<Index>(by_trips[1], {3}, {3, 6, 10}, 0);
  const auto by_condition = count(longs({}, {1000}), boolean(true));  // -> 15 -> 21
  expect_near<Index>(by_condition[0], {}, {21}, 0);
  expect_near<Index>(count(longs({}, {5}), boolean(false))[0], {}, {1}, 0);
}

TEST(Loop, StopsAtALimitOfTrips) {
  const Sub forever = Builder().inputs({"trip", "going"}).outputs({"going"}).sub();
  Builder outer;
  outer.inputs({"trips", "going"}).node("Loop", {"trips", "going"}, {}, {{"body", forever}});
  try {
    ops::interpret(outer.g, std::vector<Tensor>{longs({}, {Index{1} << 62}), boolean(true)});
    FAIL() << "it ended";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("times, which is the limit"), std::string::npos) << e.what();
  }
}

TEST(Loop, RefusesAConditionThatIsNoBool) {
  EXPECT_THROW(count(longs({}, {3}), floats({}, {1})), Error);
  EXPECT_THROW(count(floats({}, {3}), boolean(true)), Error);
}

TEST(Scan, SumsAlongAnAxisInEitherDirection) {
  const Sub body = Builder()
                       .inputs({"sum", "x"})
                       .node("Add", {"sum", "x"}, {"next"})
                       .node("Identity", {"next"}, {"seen"})
                       .outputs({"next", "seen"})
                       .sub();
  const auto scan = [&](Attributes more) {
    Builder outer;
    more["body"] = body, more["num_scan_inputs"] = Index{1};
    outer.inputs({"start", "x"})
        .node("Scan", {"start", "x"}, {"sum", "all"}, std::move(more))
        .outputs({"sum", "all"});
    return ops::interpret(outer.g,
                          std::vector<Tensor>{floats({2}, {0, 0}), floats({3, 2}, {1, 2, 3, 4, 5, 6})});
  };
  expect_near(scan({})[1], {3, 2}, {1, 2, 4, 6, 9, 12}, 0);
  expect_near(scan({{"scan_input_directions", Shape{1}}, {"scan_output_axes", Shape{1}}})[1], {2, 3},
              {5, 8, 9, 6, 10, 12}, 0);
  expect_near(scan({})[0], {2}, {9, 12}, 0);
  EXPECT_THROW(scan({{"scan_input_axes", Shape{2}}}), Error);
}

TEST(Control, RefusesGraphsThatNestTooDeep) {
  Sub inner = Builder().constant("c", boolean(true)).outputs({"c"}).sub();
  for (int i = 0; i < 70; ++i) {
    Builder b;
    b.constant("c", boolean(true))
        .node("If", {"c"}, {"y"}, {{"then_branch", inner}, {"else_branch", inner}})
        .outputs({"y"});
    inner = b.sub();
  }
  EXPECT_THROW(ops::interpret(*inner, {}), Error);
}
