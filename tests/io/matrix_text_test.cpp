// The text formats: what good files say, and one clear line for each damaged one.
#include <gtest/gtest.h>

#include <cmath>

#include "formats/generate.hpp"
#include "io/compressed.hpp"
#include "io/matrix_files.hpp"
#include "support/temp_folder.hpp"

using namespace tulle;

namespace {
const std::string kReal = "%%MatrixMarket matrix coordinate real general\n";

Csr mtx(const std::string& text) {
  return io::parse_matrix_market(text, "x.mtx", 1);
}
Csr smtx(const std::string& text) {
  return io::parse_smtx(text, "x.smtx", 1);
}
Csr edges(const std::string& text) {
  return io::parse_edges(text, "x.el", 1);
}
template <class Parse>
std::string says(Parse parse, const std::string& text) {
  return test::message_of<Error>([&] { parse(text); });
}
/// Each prefix of a good text gives a matrix or an Error; ASan watches.
template <class Parse>
int prefixes_read(Parse parse, const std::string& good) {
  int read = 0;
  for (std::size_t cut = 0; cut < good.size(); ++cut) read += says(parse, good.substr(0, cut)).empty();
  return read;
}
}  // namespace

TEST(Smtx, ReadsThePatternAndGivesItValues) {
  const Csr a = smtx("2, 4, 3\n0 2 3\n1 3 0\n");
  EXPECT_EQ(a.offsets, (std::vector<Index>{0, 2, 3}));
  EXPECT_EQ(a.columns, (std::vector<std::int32_t>{1, 3, 0}));
  EXPECT_EQ(a, smtx("2,4,3\r\n0 2 3\r\n3 1 0\r\n\n")) << "other separators, columns out of order";
  EXPECT_NE(a.values, io::parse_smtx("2, 4, 3\n0 2 3\n1 3 0\n", "", 2).values);
  EXPECT_EQ(smtx("0, 0, 0\n0\n\n"), (Csr{0, 0, {0}, {}, {}}));
  EXPECT_EQ(smtx("2, 0, 0\n0 0 0"), (Csr{2, 0, {0, 0, 0}, {}, {}}));
}

TEST(Smtx, RefusesDamageWithTheLine) {
  const auto bad = [](const std::string& text) { return says(smtx, text); };
  EXPECT_EQ(bad(""), "x.smtx: is empty; 'rows, cols, nnz' is wanted");
  EXPECT_EQ(bad("2, 4\n0 1 2\n0 0\n"), "x.smtx: line 1: the line ends where a number is wanted");
  EXPECT_SAYS(bad("2, 4, 2, 7\n0 1 2\n0 0\n"), "line 1: the line goes on with '7'");
  EXPECT_SAYS(bad("-1, 4, 2\n0 1 2\n0 0\n"), "line 1: '-1' is not from 0 to 2147483647");
  EXPECT_SAYS(bad("1099511627776, 4, 2\n0 1 2\n0 0\n"), "line 1: '1099511627776' is not from 0");
  EXPECT_SAYS(bad("1000000000000000000000000000000, 4, 2\n"),
              "line 1: '100000000000000000000000...' is not from 0");
  EXPECT_SAYS(bad("2, 4, 9\n0 1 2\n0 0\n"), "line 1: 9 entries do not fit 2 x 4");
  EXPECT_SAYS(bad("2000000, 4, 2\n0 1 2\n0 0\n"),
              "line 2: 2000001 offsets are wanted, the line has 5 characters");
  EXPECT_SAYS(bad("2, 4, 2\n0 1     \n0 0\n"), "line 2: 2 offsets, 3 are wanted");
  EXPECT_SAYS(bad("2, 4, 2\n0 1 2 2\n0 0\n"), "line 2: the line goes on with '2'");
  EXPECT_SAYS(bad("2, 4, 2\n0 1 2\n0  \n"), "line 3: 1 columns, 2 are wanted");
  EXPECT_SAYS(bad("2, 4, 2\n0 1 2\n0\n"), "line 3: 2 columns are wanted, the line has 1 characters");
  EXPECT_SAYS(bad("2, 4, 2\n0 1 2\n0 0 0\n"), "line 3: the line goes on with '0'");
  EXPECT_SAYS(bad("2, 4, 2\n0 1 2\n0 x\n"), "line 3: 'x' is no whole number");
  EXPECT_SAYS(bad("2, 4, 2\n0 1 2\n0 1.5\n"), "line 3: '1.5' is no whole number");
  EXPECT_SAYS(bad(std::string("2, 4, 2\n0 1 2\n0 \0\n", 18)), "line 3: ");
  EXPECT_SAYS(bad("2, 4, 2\n0 1 2\n0 0\n7\n"), "line 4: text follows the columns");
  EXPECT_SAYS(bad("2, 4, 2\n0 1 2\n"), "the text ends where the columns are wanted");
  EXPECT_SAYS(bad("2, 4, 2\n0 2 1\n0 0\n"), "x.smtx: csr: the offsets fall from 2 to 1 at row 1");
  EXPECT_SAYS(bad("2, 4, 2\n0 1 2\n0 4\n"), "x.smtx: csr: row 1, entry 0: column 4 is not in [0, 4)");
  EXPECT_SAYS(bad("1, 4, 2\n0 2\n1 1\n"), "column 1 is there twice");
  EXPECT_SAYS(bad("version https://git-lfs.github.com/spec/v1\n"), "line 1: 'version' is no whole number");
  EXPECT_EQ(prefixes_read(smtx, "2, 4, 3\n0 2 3\n1 3 0"), 0);
}

TEST(MatrixMarket, ReadsEveryFieldAndSymmetry) {
  const auto kind = [](const std::string& header, const std::string& body) {
    return mtx("%%MatrixMarket matrix " + header + "\n" + body);
  };
  EXPECT_EQ(kind("coordinate real general", "% a comment\n3 4 3\n1 1 1.5\n3 4 -2e0\n2 2 .25\n"),
            (Csr{3, 4, {0, 1, 2, 3}, {0, 1, 3}, {1.5f, 0.25f, -2}}));
  EXPECT_EQ(kind("coordinate integer general", "1 2 2\n1 2 +3\n1 1 -4\n").values,
            (std::vector<float>{-4, 3}));
  EXPECT_EQ(kind("coordinate real symmetric", "3 3 3\n1 1 1\n2 1 2\n3 2 3\n"),
            (Csr{3, 3, {0, 2, 4, 5}, {0, 1, 0, 2, 1}, {1, 2, 2, 3, 3}}));
  EXPECT_EQ(kind("coordinate real skew-symmetric", "2 2 1\n2 1 5\n"),
            (Csr{2, 2, {0, 1, 2}, {1, 0}, {-5, 5}}));
  EXPECT_EQ(kind("coordinate complex hermitian", "2 2 2\n1 1 3 0\n2 1 1 2\n"),
            (Csr{2, 2, {0, 2, 3}, {0, 1, 0}, {3, 1, 1}}));
  EXPECT_EQ(kind("array real general", "2 3\n1\n0\n3\n4\n0\n6\n"),
            (Csr{2, 3, {0, 2, 4}, {0, 1, 1, 2}, {1, 3, 4, 6}}));
  EXPECT_EQ(kind("array integer symmetric", "2 2\n1\n2\n3\n"),
            (Csr{2, 2, {0, 2, 4}, {0, 1, 0, 1}, {1, 2, 2, 3}}));
  EXPECT_EQ(kind("array real skew-symmetric", "2 2\n7\n"), (Csr{2, 2, {0, 1, 2}, {1, 0}, {-7, 7}}));
  EXPECT_EQ(kind("array complex general", "1 2\n1 2\n0 5\n").values, (std::vector<float>{1}));
  const Csr pattern = kind("coordinate pattern symmetric", "3 3 2\n2 1\n3 3\n");
  EXPECT_EQ(pattern.columns, (std::vector<std::int32_t>{1, 0, 2}));
  EXPECT_EQ(std::count(pattern.values.begin(), pattern.values.end(), 0.0f), 0);
}

TEST(MatrixMarket, ReadsWhatIsOddButLegal) {
  EXPECT_EQ(mtx("%%MatrixMarket MATRIX Coordinate REAL General\r\n%\n\n  1\t2  1 \r\n\t1  2\t 7.0"),
            (Csr{1, 2, {0, 1}, {1}, {7}}));
  EXPECT_EQ(mtx(kReal + "2 2 3\n1 1 1\n1 1 2\n2 2 0\n"), (Csr{2, 2, {0, 1, 2}, {0, 1}, {3, 0}}))
      << "sums, keeps zeros";
  EXPECT_EQ(mtx(kReal + "5 7 0\n"), (Csr{5, 7, {0, 0, 0, 0, 0, 0}, {}, {}}));
  EXPECT_EQ(mtx(kReal + "1 1 1\n1 1 1e-60\n").values, (std::vector<float>{0}));
  EXPECT_TRUE(std::isinf(mtx(kReal + "1 1 1\n1 1 -inf\n").values[0]));
  EXPECT_TRUE(std::isnan(mtx(kReal + "1 1 1\n1 1 nan\n").values[0]));
  EXPECT_EQ(mtx("%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 9007199254740993\n").values,
            (std::vector<float>{9007199254740993.0f}));
}

TEST(MatrixMarket, RefusesDamageWithTheLine) {
  const auto bad = [](const std::string& text) { return says(mtx, text); };
  EXPECT_SAYS(bad(""), "is no Matrix Market file");
  EXPECT_SAYS(bad("%MatrixMarket matrix coordinate real general\n1 1 1\n1 1 1\n"),
              "is no Matrix Market file");
  EXPECT_SAYS(bad("%%MatrixMarket vector coordinate real general\n"), "line 1: only a 'matrix' is read");
  EXPECT_SAYS(bad("%%MatrixMarket matrix coordinate quaternion general\n"),
              "'quaternion' is none of real, double");
  EXPECT_SAYS(bad("%%MatrixMarket matrix array pattern general\n1 1\n1\n"), "an array has values");
  EXPECT_SAYS(bad("%%MatrixMarket matrix coordinate real hermitian\n1 1 0\n"), "goes with 'complex' only");
  EXPECT_SAYS(bad("%%MatrixMarket matrix coordinate pattern skew-symmetric\n1 1 0\n"),
              "goes with values only");
  EXPECT_SAYS(bad("%%MatrixMarket matrix coordinate real\n1 1 0\n"), "line 1: the line ends");
  EXPECT_SAYS(bad(kReal), "the text ends where the size of the matrix is wanted");
  EXPECT_SAYS(bad(kReal + "2 2\n1 1 1\n"), "line 2: the line ends where a number is wanted");
  EXPECT_SAYS(bad(kReal + "2 2 1\n0 1 1\n"), "line 3: '0' is not from 1 to 2");
  EXPECT_SAYS(bad(kReal + "2 2 1\n3 1 1\n"), "line 3: '3' is not from 1 to 2");
  EXPECT_SAYS(bad(kReal + "2 2 2\n1 1 1\n"), "the text ends after 1 of 2 entries");
  EXPECT_SAYS(bad(kReal + "2 2 1\n1 1 1\n2 2 1\n"), "line 4: text follows the last entry");
  EXPECT_SAYS(bad(kReal + "2 2 1\n1 1 x\n"), "line 3: 'x' is no number");
  EXPECT_SAYS(bad(kReal + "2 2 1\n1 1 +-1\n"), "line 3: '+-1' is no number");
  EXPECT_SAYS(bad(kReal + "2 2 1\n1 1 1e39\n"), "line 3: '1e39' is more than f32 can hold");
  EXPECT_SAYS(bad(kReal + "2 2 1\n1 1 1 1\n"), "line 3: the line goes on with '1'");
  EXPECT_SAYS(bad("%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 1.5\n"),
              "'1.5' is no whole number");
  EXPECT_SAYS(bad("%%MatrixMarket matrix coordinate real symmetric\n2 3 1\n1 1 1\n"), "2 x 3 is not square");
  EXPECT_SAYS(bad("%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n1 1 1\n"),
              "no entries on its diagonal");
  EXPECT_SAYS(bad("%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n"),
              "where the value of row 2, column 2 is wanted");
  EXPECT_SAYS(bad("%%MatrixMarket matrix array real general\n1 1\n1 2\n"),
              "line 3: the line goes on with '2'");
  EXPECT_SAYS(bad(kReal + "-2 2 1\n1 1 1\n"), "'-2' is not from 0");
  EXPECT_SAYS(bad(kReal + "99999999999999999999 2 1\n1 1 1\n"), "is not from 0 to 2147483647");
  EXPECT_SAYS(bad(kReal + "2 2 4000000000000\n1 1 1\n"), "4000000000000 entries do not fit 2 x 2");
  EXPECT_SAYS(bad(kReal + "2147483647 1 1\n1 1 1\n"), "2147483647 rows, at most 134217728");
  EXPECT_EQ(prefixes_read(mtx, kReal + "2 2 2\n1 1 1\n2 2 2.5"), 2) << "2 and 2. are numbers too";
}

TEST(Edges, ReadsGraphsOfToolsAndCollections) {
  EXPECT_EQ(edges("# Nodes: 4\n% x\n0\t1 0.5\n3 1 2\n0 1 0.25\n"),
            (Csr{4, 4, {0, 1, 1, 1, 2}, {1, 1}, {0.75f, 2}}));
  const Csr a = edges("0,2\n2,0\n0,2\n");
  EXPECT_EQ(a.columns, (std::vector<std::int32_t>{2, 0}));
  EXPECT_LT(std::abs(a.values[0]), 1);
}

TEST(Edges, RefuseDamageWithTheLine) {
  const auto bad = [](const std::string& text) { return says(edges, text); };
  EXPECT_SAYS(bad(""), "x.el: holds no edge");
  EXPECT_SAYS(bad("# only\n"), "holds no edge");
  EXPECT_SAYS(bad("0\n"), "line 1: the line ends");
  EXPECT_SAYS(bad("0 1\n0 -1\n"), "line 2: '-1' is not from 0 to 134217727");
  EXPECT_SAYS(bad("0 1\n0 134217728\n"), "line 2: '134217728' is not from 0");
  EXPECT_SAYS(bad("0 1\n0 99999999999999999999999\n"), "line 2: '99999999999999999999999' is not");
  EXPECT_SAYS(bad("a b\n"), "line 1: 'a' is no whole number");
  EXPECT_SAYS(bad("0 1 x\n"), "line 1: 'x' is no number");
  EXPECT_SAYS(bad("0 1 1 1\n"), "line 1: the line goes on");
  EXPECT_SAYS(bad("0 1\n1 2 0.5\n"), "line 2: the line goes on with '0.5'") << "the first edge has no weight";
  EXPECT_SAYS(bad("0 1 2\n1 2\n"), "line 2: the line ends where a number is wanted");
  EXPECT_SAYS(bad("<html>\n"), "line 1: '<html>' is no whole number");
}

TEST(PackedText, IsReadFromGzipAndXz) {
  const test::TempFolder folder;
  const std::string text = "2, 4, 3\n0 2 3\n1 3 0\n";
  for (const auto& [name, packing] :
       {std::pair{"a.smtx.gz", io::Packing::gzip}, {"a.smtx.xz", io::Packing::xz}}) {
    SCOPED_TRACE(name);
    const std::string bytes = io::packed(text, packing);
    EXPECT_EQ(read_matrix(folder.write(name, bytes), {.seed = 1}), smtx(text));
    EXPECT_EQ(io::read_text(folder.write(name, bytes + bytes), 1 << 20), text + text) << "two streams";
    for (std::size_t cut = 0; cut < bytes.size(); ++cut)
      EXPECT_NE(test::message_of<Error>([&] { read_matrix(folder.write(name, bytes.substr(0, cut))); }), "")
          << cut;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      std::string bad = bytes;
      bad[at] = static_cast<char>(bad[at] ^ 0x55);
      test::message_of<Error>(
          [&] { read_matrix(folder.write(name, bad)); });  // an Error or not; ASan watches
    }
    EXPECT_SAYS(test::message_of<Error>([&] { read_matrix(folder.write(name, text)); }),
                "is damaged, or is no");
    EXPECT_SAYS(
        test::message_of<Error>([&] { read_matrix(folder.write(name, bytes + "rubbish at the end")); }),
        name);
  }
}

TEST(PackedText, UnpacksABombOnlyToTheLimit) {
  const test::TempFolder folder;
  const std::string zeros(10'000'000, '0');
  for (const auto& [name, packing] :
       {std::pair{"a.smtx.gz", io::Packing::gzip}, {"a.smtx.xz", io::Packing::xz}}) {
    const auto path = folder.write(name, io::packed(zeros, packing));
    EXPECT_LT(std::filesystem::file_size(path), 20000u);
    EXPECT_SAYS(test::message_of<Error>([&] { read_matrix(path, {.most_bytes = 1 << 20}); }),
                "unpacks to more than the 1048576 bytes that are allowed");
    EXPECT_EQ(io::read_text(path, 10'000'000).size(), zeros.size()) << "just at the limit";
  }
}

TEST(ReadMatrix, RefusesOtherNamesAndMissingFiles) {
  EXPECT_SAYS(test::message_of<Error>([] { read_matrix("a.csv"); }), "a.csv: is no name of a matrix: .smtx");
  EXPECT_SAYS(test::message_of<Error>([] { read_matrix("a.gz"); }), "is no name of a matrix");
  EXPECT_SAYS(test::message_of<Error>([] { read_matrix("/nowhere/a.mtx"); }), "cannot be opened");
}

TEST(WriteMatrix, GivesBackWhatWasWritten) {
  const test::TempFolder folder;
  const Csr a = generate::power_law(37, 53, 0.9, 1, 0, 3);
  for (const std::string name : {"a.mtx", "a.mtx.gz", "a.mtx.xz", "a.npz", "a.npy", "a.MTX"}) {
    write_matrix(folder / name, a.view());
    EXPECT_EQ(read_matrix(folder / name), a) << name;
  }
  for (const std::string name : {"a.smtx", "a.smtx.gz", "a.smtx.xz"}) {
    write_matrix(folder / name, a.view());
    EXPECT_EQ(read_matrix(folder / name).columns, a.columns) << name;
  }
  const Csr empty{0, 5, {0}, {}, {}};
  for (const std::string name : {"e.mtx", "e.npz", "e.smtx"}) {
    write_matrix(folder / name, empty.view());
    EXPECT_EQ(read_matrix(folder / name), empty) << name;
  }
}

TEST(WriteMatrix, LeavesNothingWhereItFails) {
  const test::TempFolder folder;
  const Csr a{1, 1, {0, 1}, {0}, {1}};
  EXPECT_SAYS(test::message_of<Error>([&] { write_matrix(folder / "a.el", a.view()); }),
              "is no name that is written");
  EXPECT_NE(test::message_of<Error>([&] { write_matrix(folder / "no/a.mtx", a.view()); }), "");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}
