#include <gtest/gtest.h>
#include "lab/suite.hpp"
#include "support/temp_folder.hpp"
#include "tulle/error.hpp"

using namespace tulle;
using test::message_of, test::TempFolder;

namespace {
std::string refusal(const std::string& text) {
  const TempFolder folder;
  const auto file = folder.write("s.toml", text);
  return message_of<Error>([&] { lab::read_suite(file); });
}
const std::string kGood = "[[cases]]\nn = 8\n[[cases.generate]]\nrows = 8\ncols = 8\n";
}  // namespace

TEST(Suite, EveryCombinationIsACaseInAFixedOrder) {
  const TempFolder folder;
  std::filesystem::create_directories(folder / "m/a");
  folder.write("m/a/two.smtx.xz", "");
  folder.write("m/one.smtx", "");
  folder.write("m/notes.txt", "");
  std::filesystem::create_directories(folder / "suites");
  const auto file = folder.write("suites/mine.toml", R"(
about = "some"
rounds = 2
round_ms = 1.5
kernels = ["plan", "spmm/*"]
[[cases]]
op = "spmm"
n = [8, 16]
order = ["row_major", "tokens"]
cold = [false, true]
threads = [1, 2]
matrices = "../m/*.smtx*"
[[cases.generate]]
kind = "uniform"
rows = 8
cols = [8, 9]
sparsity = 0.5
)");
  const lab::Suite suite = lab::read_suite(file);
  EXPECT_EQ(suite.name, "mine");
  EXPECT_EQ(suite.rounds, 2);
  EXPECT_EQ(suite.round_ms, 1.5);
  ASSERT_EQ(suite.cases.size(), 2u * 4 * 2 * 2 * 2);
  EXPECT_EQ(suite.cases[0].matrix.name, "m/a/two");
  EXPECT_EQ(suite.cases[8].matrix.name, "m/one");
  EXPECT_EQ(suite.cases[16].matrix.name, "uniform cols=8 rows=8 sparsity=0.5");
  EXPECT_EQ(suite.cases[1].n, 16);
  EXPECT_TRUE(suite.cases[2].cold);
  EXPECT_EQ(suite.cases[4].order, "tokens");
  EXPECT_EQ(suite.cases[32].threads, 2);
  EXPECT_EQ(lab::read_suite(file, {.threads = {3}}).cases.size(), 32u);
}

TEST(Suite, AFolderWithAllOfDlmcTakesThePlaceOfTheFew) {
  const TempFolder folder;
  std::filesystem::create_directories(folder / "all/rn50/0.9");
  folder.write("all/rn50/0.9/x.smtx", "");
  folder.write("few.smtx", "");
  const auto file = folder.write("s.toml", "[[cases]]\nn = 8\nmatrices = \"few.smtx\"\ndlmc = \"rn50/*.smtx\"\n");
  EXPECT_EQ(lab::read_suite(file).cases.at(0).matrix.name, "few");
  EXPECT_EQ(lab::read_suite(file, {.dlmc = folder / "all"}).cases.at(0).matrix.name, "dlmc/rn50/0.9/x");
}

TEST(Suite, EachMistakeIsOneLineWithItsPlace) {
  const std::pair<std::string, const char*> wrong[] = {
      {"", "has no [[cases]]"},
      {"x = ", "s.toml:1"},
      {"[[cases]\n", "s.toml:1"},
      {"speed = 3\n" + kGood, "s.toml:1: unknown key 'speed'; there are about"},
      {"rounds = 0\n" + kGood, "'rounds' is 0, wants 1 to 1000"},
      {"rounds = [1, 2]\n" + kGood, "'rounds' has 2 values, wants one"},
      {"round_ms = \"fast\"\n" + kGood, "s.toml:1: 'round_ms' wants a number"},
      {"cases = 3\n", "'cases' wants tables: [[cases]]"},
      {"[[cases]]\nn = 8\n", "no matrices"},
      {"[[cases]]\nn = -8\n[[cases.generate]]\n", "'n' is -8"},
      {"[[cases]]\nn = 1000000\n[[cases.generate]]\n", "'n' is 1000000, wants 1 to 65536"},
      {"[[cases]]\nn = 9223372036854775808\n[[cases.generate]]\n", "s.toml:2"},
      {"[[cases]]\nn = 1.5\n[[cases.generate]]\n", "s.toml:2: 'n' wants a whole number"},
      {"[[cases]]\nn = []\n[[cases.generate]]\n", "'n' has 0 values"},
      {"[[cases]]\n[[cases.generate]]\n", "'n' is missing"},
      {"[[cases]]\nn = 8\nheads = 2\n[[cases.generate]]\n", "unknown key 'heads'; there are op"},
      {"[[cases]]\nn = 8\nop = \"spnn\"\n[[cases.generate]]\n", "'op' is 'spnn'; there are spmm"},
      {"[[cases]]\nn = 8\ndtype = \"f8\"\n[[cases.generate]]\n", "'dtype' is 'f8'"},
      {"[[cases]]\nn = 8\norder = \"columns\"\n[[cases.generate]]\n", "'order' is 'columns'"},
      {"[[cases]]\nn = 8\ncold = 1\n[[cases.generate]]\n", "'cold' wants true or false"},
      {"[[cases]]\nn = 8\nthreads = 5000\n[[cases.generate]]\n", "'threads' is 5000"},
      {"[[cases]]\nn = 8\nmatrices = \"nowhere/*.smtx\"\n", "no file matches 'nowhere/*.smtx'"},
      {"[[cases]]\nn = 8\n[[cases.generate]]\nkind = \"lumpy\"\n", "no generator 'lumpy'; there are uniform"},
      {"[[cases]]\nn = 8\n[[cases.generate]]\nkind = \"uniform\"\nshape = 3\n", "unknown key 'shape'"},
      {"[[cases]]\nn = 8\n[[cases.generate]]\nrows = \"many\"\n", "'rows' wants a number"},
  };
  for (const auto& [text, says] : wrong) {
    const std::string message = refusal(text);
    EXPECT_SAYS(message, says) << text;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(Suite, TooManyCasesAreRefusedSoon) {
  std::string many = "[";
  for (int i = 1; i <= 2000; ++i) many += std::to_string(i) + ",";
  EXPECT_SAYS(refusal("[[cases]]\nn = " + many + "]\n[[cases.generate]]\nrows = " + many + "]\n"), "more than 1000000 cases");
}

TEST(Suite, ThoseThatComeWithTulleAreGood) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(TULLE_SOURCE_DIR "/lab/suites")) {
    EXPECT_FALSE(lab::read_suite(entry.path()).cases.empty()) << entry.path();
    ++count;
  }
  EXPECT_GE(count, 7);
}
