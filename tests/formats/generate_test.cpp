#include "formats/generate.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "formats/random.hpp"
#include "support/temp_folder.hpp"
#include "tulle/formats.hpp"

using namespace tulle;

namespace {
bool has(const Csr& a, Index i, Index j) {
  const auto row =
      std::span(a.columns).subspan(static_cast<std::size_t>(a.offsets[static_cast<std::size_t>(i)]),
                                   static_cast<std::size_t>(a.offsets[static_cast<std::size_t>(i) + 1] -
                                                            a.offsets[static_cast<std::size_t>(i)]));
  return std::find(row.begin(), row.end(), j) != row.end();
}
std::string says(std::string_view kind, const generate::Parameters& parameters) {
  return test::message_of<Error>([&] { generate::make(kind, parameters); });
}
}  // namespace

TEST(Generate, EveryKindMakesAMatrixThatItsSeedFixes) {
  for (const generate::Kind& kind : generate::kinds()) {
    SCOPED_TRACE(kind.name);
    const Csr a = generate::make(kind.name, {}), again = generate::make(kind.name, {{"seed", 0}});
    EXPECT_EQ(test::message_of<Error>([&] { check(a.view()); }), "");
    EXPECT_EQ(a, again);
    EXPECT_GT(a.values.size(), 1000u);
    EXPECT_EQ(std::count(a.values.begin(), a.values.end(), 0.0f), 0);
    EXPECT_EQ(a.values == generate::make(kind.name, {{"seed", 1}}).values, kind.name == "radixnet");
  }
}

TEST(Generate, GivesTheSameNumbersOnEveryMachine) {
  Random random(1);
  EXPECT_EQ(random.bits(), 0x910a2dec89025cc1u);  // SplitMix64's published sequence for seed 1
  EXPECT_EQ(generate::uniform(4, 4, 0.75, 1).columns, (std::vector<std::int32_t>{1, 3, 3, 2}));
}

TEST(Generate, HitsTheSparsityThatIsAsked) {
  EXPECT_EQ(std::ssize(generate::uniform(512, 512, 0.9, 1).values), 26214);
  EXPECT_EQ(std::ssize(generate::uniform(33, 77, 0.3, 1).values), 1779);
  EXPECT_NEAR(static_cast<double>(generate::power_law(512, 512, 0.98, 1, 0, 1).values.size()), 5243, 2);
  EXPECT_EQ(std::ssize(generate::blocks(64, 64, 4, 4, 0.75, 1).values), 1024);
  EXPECT_EQ(std::ssize(generate::n_of_m(16, 10, 2, 4, 1).values), 16 * 6);
}

TEST(Generate, PowerLawHasFewLongRowsAndHubs) {
  const Csr a = generate::power_law(1024, 1024, 0.99, 1, 1, 1);
  const Statistics rows = statistics(a.view()), cols = statistics(transpose(a.view()).view());
  EXPECT_GT(static_cast<double>(rows.longest_row), 20 * rows.mean_row);
  EXPECT_GT(static_cast<double>(cols.longest_row), 5 * cols.mean_row);
}

TEST(Generate, RadixnetIsTheButterflyOfTheGraphChallenge) {
  const Csr a = generate::radixnet(1024, 1, 16, 0);
  EXPECT_EQ(std::ssize(a.values), 32768);
  EXPECT_TRUE(has(a, 0, 0) && has(a, 0, 63) && has(a, 64, 127) && has(a, 1, 0));
  const Csr third = generate::radixnet(1024, 3, 16, 0), later = generate::radixnet(1024, 9, 16, 0);
  EXPECT_TRUE(has(third, 5, 1) && has(third, 5, 5) && has(third, 5, 1 + 64 * 15));
  EXPECT_NE(later.columns, third.columns);
  for (const Csr* layer : {&third, &later}) {
    const Statistics s = statistics(layer->view());
    EXPECT_EQ(s.shortest_row, 32);
    EXPECT_EQ(s.longest_row, 32);
  }
  EXPECT_EQ(third.values.front(), 1.0f / 16);
}

TEST(Generate, MasksShowWhatTheirRuleSays) {
  const Csr local = generate::local(40, 8, false, 1), sinks = generate::sinks(40, 2, 5, 1);
  const Csr strided = generate::strided(40, 4, 8, 1), fixed = generate::fixed(40, 8, 2, 1);
  for (Index i = 0; i < 40; ++i)
    for (Index j = 0; j < 40; ++j) {
      EXPECT_EQ(has(local, i, j), std::abs(i - j) <= 4);
      EXPECT_EQ(has(sinks, i, j), j <= i && (j < 2 || i - j < 5));
      EXPECT_EQ(has(strided, i, j), j <= i && (i - j < 4 || (i - j) % 8 == 0));
      EXPECT_EQ(has(fixed, i, j), j <= i && (i / 8 == j / 8 || j % 8 >= 6));
    }
  EXPECT_EQ(std::ssize(generate::causal(40, 1).values), 40 * 41 / 2);
}

TEST(Generate, RefusesWhatMakesNoMatrix) {
  EXPECT_SAYS(says("unifrom", {}), "there are uniform, power_law");
  EXPECT_EQ(says("uniform", {{"row", 5}}),
            "generator 'uniform': 'row' is unknown; cols, rows, seed, sparsity are taken");
  EXPECT_SAYS(says("uniform", {{"rows", -1}}), "'rows' is -1; whole numbers from 0");
  EXPECT_SAYS(says("uniform", {{"rows", 2.5}}), "'rows' is 2.5");
  EXPECT_SAYS(says("uniform", {{"sparsity", 1.5}}), "'sparsity' is 1.5; 0 to 1 are taken");
  EXPECT_SAYS(says("uniform", {{"sparsity", std::nan("")}}), "'sparsity' is nan");
  EXPECT_SAYS(says("uniform", {{"rows", 1e8}, {"cols", 1e8}}), "entries, over 268435456");
  EXPECT_SAYS(says("local", {{"n", 1e6}}), "'n' is 1000000");
  EXPECT_SAYS(says("n_of_m", {{"n", 5}}), "whole numbers from 1 to 4");
  EXPECT_SAYS(says("radixnet", {{"n", 1000}}), "a power of two");
  EXPECT_EQ(says("banded", {{"rows", 0}, {"cols", 3}}), "");
  EXPECT_EQ(says("power_law", {{"rows", 0}, {"cols", 0}}), "");
  EXPECT_EQ(says("uniform", {{"rows", 3}, {"cols", 0}}), "");
}
