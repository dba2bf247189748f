#include "tulle/reorder.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "formats/generate.hpp"
#include "tulle/formats.hpp"

using namespace tulle;

namespace {
std::string message(const auto& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}
bool is_permutation(NodeOrder order) {
  std::sort(order.begin(), order.end());
  for (std::size_t i = 0; i < order.size(); ++i)
    if (order[i] != static_cast<std::int32_t>(i)) return false;
  return true;
}
}  // namespace

TEST(Reorder, FindsTheBandThatWasShuffled) {
  const Csr band = generate::banded(301, 301, 3, 3, 0.8, 1);
  NodeOrder shuffled(301);
  for (std::size_t i = 0; i < shuffled.size(); ++i) shuffled[i] = static_cast<std::int32_t>(i * 97 % 301);
  const Csr hidden = permute(band.view(), shuffled);
  EXPECT_GT(statistics(hidden.view()).upper_bandwidth, 200);
  const Csr found = permute(hidden.view(), reverse_cuthill_mckee(hidden.view()));
  EXPECT_LE(statistics(found.view()).upper_bandwidth, 12);
  EXPECT_LE(statistics(found.view()).lower_bandwidth, 12);
}

TEST(Reorder, IsAPermutationOfAnyGraph) {
  for (const Csr& a : {generate::power_law(200, 200, 0.99, 1, 1, 2), generate::uniform(50, 50, 1.0, 3),
                       generate::uniform(20, 20, 0.0, 4), generate::uniform(0, 0, 0.5, 5)}) {
    EXPECT_TRUE(is_permutation(reverse_cuthill_mckee(a.view())));
    EXPECT_TRUE(is_permutation(hubs_first(a.view())));
  }
}

TEST(Reorder, PutsHubsFirst) {
  const Csr a = make_csr(3, 3, {0, 1, 3, 5}, {2, 1, 2, 0, 2}, {1, 2, 3, 4, 5});
  EXPECT_EQ(hubs_first(a.view()), (NodeOrder{2, 0, 1}));
  EXPECT_EQ(permute(a.view(), NodeOrder{2, 0, 1}),
            make_csr(3, 3, {0, 2, 3, 5}, {0, 1, 0, 0, 2}, {5, 4, 1, 3, 2}));
}

TEST(Reorder, SaysWhatItRefuses) {
  const Csr wide = generate::uniform(2, 3, 0.5, 1);
  EXPECT_EQ(message([&] { reverse_cuthill_mckee(wide.view()); }),
            "reverse_cuthill_mckee: the matrix is 2 x 3; want a square");
  EXPECT_EQ(message([&] {
              permute(wide.view(), NodeOrder{0, 1}, NodeOrder{0, 1});
            }),
            "permute: columns: 2 numbers; want 3");
  EXPECT_EQ(message([&] {
              permute(wide.view(), NodeOrder{1, 1}, NodeOrder{0, 1, 2});
            }),
            "permute: rows: number 1 is 1, as one before");
  EXPECT_EQ(message([&] {
              permute(wide.view(), NodeOrder{0, 2}, NodeOrder{0, 1, 2});
            }),
            "permute: rows: number 1 is 2, out of range");
}

TEST(Add, MergesPatternsAndAddsToDense) {
  const Csr a = generate::uniform(23, 31, 0.8, 1), b = generate::uniform(23, 31, 0.6, 2);
  const Csr sum = add(a.view(), b.view(), 2, -0.5f);
  check(sum.view());
  const std::vector<float> x = to_dense(a.view()), y = to_dense(b.view()), got = to_dense(sum.view());
  Index places = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    places += x[i] != 0 || y[i] != 0;
    EXPECT_EQ(got[i], 2 * x[i] - 0.5f * y[i]) << i;
  }
  EXPECT_EQ(sum.view().nnz(), places);
  std::vector<float> c(23 * 33, 7.0f);
  add(a.view(), {c.data(), 23, 31, 33}, 3);
  for (std::size_t i = 0; i < c.size(); ++i)
    EXPECT_EQ(c[i], i % 33 < 31 ? 7 + 3 * x[i / 33 * 31 + i % 33] : 7) << i;
  EXPECT_EQ(message([&] { add(a.view(), generate::uniform(23, 30, 0.5, 1).view()); }),
            "add: A is 23 x 31, B 23 x 30; want the same");
}
