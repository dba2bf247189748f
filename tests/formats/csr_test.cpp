#include <gtest/gtest.h>

#include <limits>

#include "support/temp_folder.hpp"
#include "tulle/sparse.hpp"

using namespace tulle;

namespace {
/// What make_csr says of a 3 x 4 matrix of these arrays.
std::string says(std::vector<Index> offsets, std::vector<std::int32_t> columns, Index rows = 3,
                 Index cols = 4) {
  std::vector<float> values(columns.size(), 1);
  return test::message_of<Error>([&] { make_csr(rows, cols, offsets, columns, values); });
}
}  // namespace

TEST(MakeCsr, SortsColumnsWithTheirValues) {
  const Csr a = make_csr(3, 4, {0, 3, 3, 4}, {3, 0, 2, 1}, {30, 10, 20, 5});
  EXPECT_EQ(a, (Csr{3, 4, {0, 3, 3, 4}, {0, 2, 3, 1}, {10, 20, 30, 5}}));
}

TEST(MakeCsr, TakesWhatIsOddButLegal) {
  EXPECT_EQ(says({0}, {}, 0, 0), "");
  EXPECT_EQ(says({0}, {}, 0, 7), "");
  EXPECT_EQ(says({0, 0, 0, 0}, {}, 3, 0), "");
  const float inf = std::numeric_limits<float>::infinity();
  const Csr a = make_csr(1, 3, {0, 2}, {0, 2}, {0.0f, inf});
  EXPECT_EQ(a.values, (std::vector<float>{0, inf}));
}

TEST(MakeCsr, RefusesWithRowAndNumbers) {
  EXPECT_EQ(says({0, 1, 1}, {0}), "csr: 3 offsets, 4 are wanted");
  EXPECT_EQ(says({}, {}), "csr: 0 offsets, 4 are wanted");
  EXPECT_EQ(says({1, 1, 1, 1}, {0}), "csr: the first offset is 1, 0 is wanted");
  EXPECT_EQ(says({0, 2, 1, 2}, {0, 1}), "csr: the offsets fall from 2 to 1 at row 1");
  EXPECT_EQ(says({0, 1, 1, 9}, {0, 1}), "csr: the last offset is 9, but there are 2 entries");
  EXPECT_EQ(says({0, std::numeric_limits<Index>::max(), 1, 2}, {0, 1}),
            "csr: the offsets fall from 9223372036854775807 to 1 at row 1");
  EXPECT_EQ(says({0, 1, 3, 3}, {0, 1, 4}), "csr: row 1, entry 1: column 4 is not in [0, 4)");
  EXPECT_EQ(says({0, 1, 3, 3}, {0, 1, -1}), "csr: row 1, entry 0: column -1 is not in [0, 4)");
  EXPECT_EQ(says({0, 0, 0, 3}, {2, 1, 2}), "csr: row 2, entry 2: column 2 is there twice");
  EXPECT_SAYS(says({0}, {}, -1, 4), "-1 x 4 is no size of a matrix");
  EXPECT_SAYS(says({0}, {}, 3, Index{1} << 31), "3 x 2147483648 is no size of a matrix");
  EXPECT_EQ(test::message_of<Error>([] {
              make_csr(1, 2, {0, 2}, {0, 1}, {1});
            }),
            "csr: 2 columns, 1 are wanted");
}

TEST(Check, RefusesUnsortedColumns) {
  const Csr a{1, 4, {0, 2}, {3, 1}, {1, 2}};
  EXPECT_EQ(test::message_of<Error>([&] { check(a.view()); }),
            "csr: row 0, entry 1: column 1 follows 3; rising ones are wanted");
}

TEST(CsrFromDense, TakesNonZerosOnly) {
  const float dense[] = {0, 1, -0.0f, 99, 2, 0, 3, 99};  // rows of 3, 4 apart
  EXPECT_EQ(csr_from_dense(dense, 2, 3, 4), (Csr{2, 3, {0, 1, 3}, {1, 0, 2}, {1, 2, 3}}));
}
