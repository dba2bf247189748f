// to_csr(from_csr(A)) == A for every format of the list: all patterns of a small matrix, and structures that
// are hard.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "formats/generate.hpp"
#include "formats/list.hpp"
#include "support/temp_folder.hpp"
#include "tulle/formats.hpp"

using namespace tulle;

namespace {
/// rows x cols with an entry, of a value that tells its place, where bit i * cols + j of the mask is set.
Csr of_mask(Index rows, Index cols, unsigned mask) {
  Csr a{rows, cols, {0}, {}, {}};
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < cols; ++j)
      if (mask >> (i * cols + j) & 1) {
        a.columns.push_back(static_cast<std::int32_t>(j));
        a.values.push_back(static_cast<float>(1 + i * cols + j));
      }
    a.offsets.push_back(static_cast<Index>(a.values.size()));
  }
  return a;
}

Csr with_full_row(Csr a, Index row) {
  std::vector<float> dense = to_dense(a.view());
  for (Index j = 0; j < a.cols; ++j)
    dense[static_cast<std::size_t>(row * a.cols + j)] = static_cast<float>(j + 1);
  return csr_from_dense(dense.data(), a.rows, a.cols, a.cols);
}

std::vector<Csr> structures() {
  const float inf = std::numeric_limits<float>::infinity();
  std::vector<Csr> all = {Csr{0, 0, {0}, {}, {}},
                          Csr{0, 9, {0}, {}, {}},
                          Csr{3, 0, {0, 0, 0, 0}, {}, {}},
                          Csr{5, 7, {0, 0, 0, 0, 0, 0}, {}, {}},
                          Csr{1, 1, {0, 1}, {0}, {-inf}},
                          Csr{1, 70, {0, 3}, {0, 63, 69}, {inf, 0x1p-149f, -3}},
                          with_full_row(generate::uniform(41, 131, 0.97, 1), 17),
                          with_full_row(generate::uniform(1, 200, 1, 1), 0),
                          generate::uniform(67, 45, 0, 2),
                          generate::power_law(113, 97, 0.95, 1.2, 0, 3),
                          generate::power_law(65, 130, 0.9, 0.8, 1, 4),
                          generate::banded(50, 33, 3, 5, 0.7, 5),
                          generate::blocks(37, 50, 4, 4, 0.7, 6),
                          generate::blocks(70, 99, 32, 32, 0.5, 7),
                          generate::n_of_m(19, 43, 1, 4, 8),
                          generate::n_of_m(19, 43, 2, 4, 9),
                          generate::n_of_m(8, 64, 4, 8, 10)};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto side = [&](std::uint64_t x) { return static_cast<Index>(1 + seed * x % 61); };
    all.push_back(generate::uniform(side(7), side(23), 0.05 * static_cast<double>(seed), seed));
  }
  return all;
}

class Formats : public testing::TestWithParam<Format> {};
std::string test_name(const testing::TestParamInfo<Format>& info) {
  std::string name(info.param.name);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(All, Formats, testing::ValuesIn(formats().begin(), formats().end()), test_name);
}  // namespace

TEST_P(Formats, GiveBackEveryPatternOfASmallMatrix) {
  for (unsigned mask = 0; mask < 1u << 12; ++mask) {
    const Csr a = of_mask(2, 6, mask);
    if (GetParam().refuse(a.view())) continue;
    const StoredMatrix stored = GetParam().from_csr(a.view());
    EXPECT_NO_THROW(stored.check());
    ASSERT_EQ(stored.to_csr(), a) << "mask " << mask;
  }
}

TEST_P(Formats, GiveBackWhatTheyTakeOrSayWhyNot) {
  int taken = 0;
  for (const Csr& a : structures()) {
    SCOPED_TRACE(std::to_string(a.rows) + " x " + std::to_string(a.cols));
    if (const auto refusal = GetParam().refuse(a.view())) {
      EXPECT_SAYS(test::message_of<Error>([&] { GetParam().from_csr(a.view()); }), *refusal);
      continue;
    }
    ++taken;
    const StoredMatrix stored = GetParam().from_csr(a.view());
    EXPECT_EQ(test::message_of<Error>([&] { stored.check(); }), "");
    EXPECT_GE(stored.bytes, a.values.size() * sizeof(float));
    EXPECT_EQ(stored.to_csr(), a);
  }
  EXPECT_GE(taken, 7);
}

TEST_P(Formats, KeepStoredZerosOrDropThemAsTheyPromise) {
  const Csr a{2, 5, {0, 2, 3}, {0, 4, 1}, {0.0f, 2, 3}};
  EXPECT_EQ(GetParam().from_csr(a.view()).to_csr(), GetParam().keeps_zeros ? a : drop_zeros(a.view()));
}

TEST_P(Formats, KeepNaN) {
  const Csr a{1, 5, {0, 2}, {1, 4}, {std::numeric_limits<float>::quiet_NaN(), 2}};
  const Csr back = GetParam().from_csr(a.view()).to_csr();
  ASSERT_EQ(back.columns, a.columns);
  EXPECT_TRUE(std::isnan(back.values[0]));
}
