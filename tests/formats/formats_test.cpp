#include "tulle/formats.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "formats/generate.hpp"
#include "support/temp_folder.hpp"

using namespace tulle;

namespace {
template <class Matrix>
std::string says(const Matrix& x) {
  return test::message_of<Error>([&] { check(x); });
}
const Csr kSmall{3, 5, {0, 2, 2, 4}, {1, 4, 0, 1}, {1, 2, 3, 4}};
}  // namespace

TEST(Coo, SumsWhatLiesAtOnePlace) {
  const Coo c{2, 3, {1, 0, 1, 1, 0}, {2, 1, 0, 2, 1}, {1, 2, 3, 4, -2}};
  EXPECT_EQ(to_csr(c), (Csr{2, 3, {0, 1, 3}, {1, 0, 2}, {0, 3, 5}}));
}

TEST(Coo, RefusesEntriesOutside) {
  EXPECT_EQ(says(Coo{2, 3, {0, 2}, {0, 0}, {1, 1}}),
            "coo: entry 1 lies at row 2, column 0 of a 2 x 3 matrix");
  EXPECT_EQ(says(Coo{2, 3, {0}, {-1}, {1}}), "coo: entry 0 lies at row 0, column -1 of a 2 x 3 matrix");
  EXPECT_EQ(says(Coo{2, 3, {0}, {0, 1}, {1}}), "coo: 2 columns, 1 are wanted");
  EXPECT_SAYS(test::message_of<Error>([] {
                to_csr(Coo{Index{1} << 28, 1, {}, {}, {}});
              }),
              "at most 134217728");
}

TEST(Csc, IsTheTransposeInCsr) {
  const Csc c = to_csc(kSmall.view());
  EXPECT_EQ(c.offsets, (std::vector<Index>{0, 1, 3, 3, 3, 4}));
  EXPECT_EQ(c.row_indices, (std::vector<std::int32_t>{2, 0, 2, 0}));
  EXPECT_EQ(c.values, (std::vector<float>{3, 1, 4, 2}));
  EXPECT_EQ(transpose(transpose(kSmall.view()).view()), kSmall);
}

TEST(Csc, RefusesDamage) {
  Csc c = to_csc(kSmall.view());
  c.row_indices[1] = 2;
  EXPECT_EQ(says(c.view()), "csc: column 1, entry 1: row 2 is there twice");
  c.row_indices[1] = 3;
  EXPECT_EQ(says(c.view()), "csc: column 1, entry 0: row 3 is not in [0, 3)");
}

TEST(Bsr, HoldsBlocksPaddedAtTheEdges) {
  const Bsr b = to_bsr(kSmall.view(), 2, 2);
  EXPECT_EQ(b.offsets, (std::vector<Index>{0, 2, 3}));
  EXPECT_EQ(b.columns, (std::vector<std::int32_t>{0, 2, 0}));
  EXPECT_EQ(b.values, (std::vector<float>{0, 1, 0, 0, 2, 0, 0, 0, 3, 4, 0, 0}));
}

TEST(Bsr, RefusesDamageAndSillyBlocks) {
  Bsr b = to_bsr(kSmall.view(), 2, 2);
  b.values[5] = 9;
  EXPECT_EQ(says(b.view()), "bsr: block 1 holds a value at row 0, column 5 of a 3 x 5 matrix");
  b.values[5] = 0;
  b.columns[1] = 3;
  EXPECT_EQ(says(b.view()), "bsr: row of blocks 0, entry 1: block column 3 is not in [0, 3)");
  b.columns[1] = 2;
  b.values.pop_back();
  EXPECT_EQ(says(b.view()), "bsr: 11 values, 12 are wanted");
  b.block_cols = 0;
  EXPECT_EQ(says(b.view()), "bsr: blocks of 2x0, sides of 1 to 256 are wanted");
  EXPECT_SAYS(test::message_of<Error>([] { to_bsr(kSmall.view(), 300, 1); }), "blocks of 300x1");
}

TEST(SlicedEll, SortsRowsWithinTheWindow) {
  const Csr a{4, 4, {0, 0, 1, 4, 5}, {2, 0, 1, 3, 0}, {1, 2, 3, 4, 5}};
  const SlicedEll e = to_sliced_ell(a.view(), 2, 4);
  EXPECT_EQ(e.order, (std::vector<std::int32_t>{2, 1, 3, 0}));
  EXPECT_EQ(e.lengths, (std::vector<std::int32_t>{3, 1, 1, 0}));
  EXPECT_EQ(e.offsets, (std::vector<Index>{0, 6, 8}));
  EXPECT_EQ(e.columns, (std::vector<std::int32_t>{0, 2, 1, 0, 3, 0, 0, 0}));
}

TEST(SlicedEll, RefusesDamage) {
  const SlicedEll good = to_sliced_ell(kSmall.view(), 2);
  const auto spoilt = [&](auto spoil) {
    SlicedEll e = good;
    spoil(e);
    return says(e);
  };
  EXPECT_SAYS(spoilt([](SlicedEll& e) { e.order[1] = 0; }), "names row 0 of 3 twice");
  EXPECT_SAYS(spoilt([](SlicedEll& e) { e.order[1] = 3; }), "names row 3 of 3");
  EXPECT_SAYS(spoilt([](SlicedEll& e) { e.lengths[0] = 3; }), "row 0 has length 3 in a slice of 2");
  EXPECT_SAYS(spoilt([](SlicedEll& e) { e.columns[0] = 5; }),
              "row 0, entry 0: column 5; rising ones in [0, 5)");
  EXPECT_SAYS(spoilt([](SlicedEll& e) { e.values[1] = 5; }),
              "row 1, entry 0: column 0 and its value are padding");
  EXPECT_SAYS(spoilt([](SlicedEll& e) { e.offsets = {0, 3, 8}; }), "slice 0 has 3 places, no multiple of 2");
  EXPECT_SAYS(spoilt([](SlicedEll& e) { e.slice_rows = 0; }), "slices of 0 rows");
  EXPECT_SAYS(spoilt([](SlicedEll& e) { e.lengths.clear(); }), "0 lengths, 3 are wanted");
}

TEST(Nm, RefusesWhatDoesNotFitWithThePlace) {
  EXPECT_EQ(nm_refusal(generate::uniform(4, 8, 0, 1).view(), 2, 4),
            "row 0 keeps more than 2 of columns 0 to 3");
  EXPECT_EQ(nm_refusal(kSmall.view(), 5, 4), "5:4 is no ratio; 1 <= n <= m <= 256 is wanted");
  const Csr last{1, 6, {0, 2}, {4, 5}, {1, 1}};
  EXPECT_EQ(nm_refusal(last.view(), 1, 4), "row 0 keeps more than 1 of columns 4 to 5");
}

TEST(Nm, RefusesDamage) {
  NmMatrix x = to_nm(kSmall.view(), 2, 4);
  EXPECT_EQ(says(x), "");
  x.positions[2] = 1;  // columns 4 .. 4: only position 0 is inside
  EXPECT_EQ(says(x), "n:m: row 0, group 1, slot 0: position 1; rising ones in [0, 1) are wanted");
  x.positions.pop_back();
  EXPECT_EQ(says(x), "n:m: 11 positions, 12 are wanted");
}

TEST(Bitmask, RefusesDamage) {
  Bitmask b = to_bitmask(kSmall.view());
  EXPECT_EQ(b.bits, (std::vector<std::uint64_t>{0b10010, 0, 0b11}));
  b.bits[0] = 0b110010;
  EXPECT_EQ(says(b), "bitmask: row 0 has 3 bits set, but 2 values");
  b.bits[0] = 0b100010;
  EXPECT_EQ(says(b), "bitmask: row 0 has a bit set past column 4");
}

TEST(Formats, RefuseWhatWouldTakeGigabytes) {
  std::vector<Index> offsets((std::size_t{1} << 16) + 1, 0);
  const CsrView wide{1 << 16, 2000000000, offsets, {}, {}};
  EXPECT_SAYS(bitmask_refusal(wide).value(), "65536 x 2000000000 take more than 2 GiB");
  EXPECT_SAYS(nm_refusal(wide, 2, 4).value(), "take more than 2 GiB");
  EXPECT_SAYS(test::message_of<Error>([&] { to_dense(wide); }), "take more than 2 GiB");
}

TEST(Statistics, CountsRowsColumnsAndBands) {
  const Statistics s = statistics(kSmall.view());
  EXPECT_EQ(s.nnz, 4);
  EXPECT_DOUBLE_EQ(s.sparsity, 1 - 4 / 15.0);
  EXPECT_EQ(s.shortest_row, 0);
  EXPECT_EQ(s.longest_row, 2);
  EXPECT_EQ(s.empty_rows, 1);
  EXPECT_EQ(s.empty_cols, 2);
  EXPECT_DOUBLE_EQ(s.mean_row, 4 / 3.0);
  EXPECT_NEAR(s.row_cv, std::sqrt(8 / 9.0) / (4 / 3.0), 1e-12);
  EXPECT_EQ(s.lower_bandwidth, 2);
  EXPECT_EQ(s.upper_bandwidth, 4);
  EXPECT_EQ(s.pattern, "unstructured");
}

TEST(Statistics, NamesThePattern) {
  const auto pattern = [](const Csr& a) { return statistics(a.view()).pattern; };
  EXPECT_EQ(pattern(Csr{0, 0, {0}, {}, {}}), "all zero");
  EXPECT_EQ(pattern(generate::uniform(32, 32, 0, 1)), "dense");
  EXPECT_EQ(pattern(generate::uniform(64, 64, 0.9, 1)), "unstructured");
  EXPECT_EQ(pattern(generate::n_of_m(32, 64, 2, 4, 1)), "2:4 along inputs");
  EXPECT_EQ(pattern(generate::n_of_m(32, 64, 1, 4, 1)), "1:4 along inputs");
  EXPECT_EQ(pattern(generate::n_of_m(32, 64, 4, 8, 1)), "4:8 along inputs");
  for (const auto& [rows, cols] : {std::pair{4, 4}, {16, 1}, {1, 4}, {32, 32}, {8, 8}})
    EXPECT_EQ(pattern(generate::blocks(128, 128, rows, cols, 0.75, 3)),
              "blocks " + std::to_string(rows) + "x" + std::to_string(cols));
}
