#include "graph/graph.hpp"
#include <gtest/gtest.h>

using namespace tulle;
using namespace tulle::graph;

namespace {
Graph chain(std::vector<std::pair<ValueId, ValueId>> nodes, std::size_t values) {
  Graph g;
  for (std::size_t i = 0; i < values; ++i) g.add_value({.name = "v" + std::to_string(i)});
  for (auto [in, out] : nodes) g.nodes.push_back({.name = "n" + std::to_string(out), .op = "Relu", .inputs = {in}, .outputs = {out}});
  g.inputs = {0};
  return g;
}
std::string message(Graph g) {
  try {
    sort_and_check(g);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}
}  // namespace

TEST(Graph, SortsMakersBeforeReaders) {
  Graph g = chain({{2, 3}, {1, 2}, {0, 1}}, 4);
  sort_and_check(g);
  ASSERT_EQ(g.nodes.size(), 3u);
  EXPECT_EQ(g.nodes[0].name, "n1");
  EXPECT_EQ(g.nodes[2].name, "n3");
}

TEST(Graph, NamesACycleASecondMakerAndAMissingMaker) {
  EXPECT_NE(message(chain({{2, 1}, {1, 2}}, 3)).find("is part of a cycle"), std::string::npos);
  EXPECT_NE(message(chain({{0, 1}, {0, 1}}, 2)).find("makes 'v1', which node 'n1' makes too"), std::string::npos);
  EXPECT_NE(message(chain({{2, 1}}, 3)).find("reads 'v2', which nothing makes"), std::string::npos);
}
