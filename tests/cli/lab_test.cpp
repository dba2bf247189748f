#include <fstream>
#include <sstream>
#include "cli/program.hpp"

using namespace tulle::test;

namespace {
std::string line(const std::string& kernel, double sparsity, int n, double us) {
  std::ostringstream out;
  out << R"({"op":"spmm","matrix":"a<)" << sparsity << R"(","rows":64,"cols":64,"nnz":)" << static_cast<int>(4096 * (1 - sparsity)) << R"(,"sparsity":)" << sparsity << R"(,"n":)" << n
      << R"(,"dtype":"f32","threads":1,"cold":false,"order":"row_major","kernel":")" << kernel << R"(","machine":"m","us_min":)" << us << R"(,"us_median":)" << us
      << R"(,"us_rounds":[)" << us << "," << us * 1.01 << R"(],"flops":1e6,"bytes":1e4,"gflops":50,"peak_share":0.5,"error":3,"prepare_us":100,"version":"1"})" << "\n";
  return out.str();
}

// Tulle, a dense and a sparse peer at two sparsities; `factor` scales Tulle's times.
std::filesystem::path results(const TempFolder& folder, const std::string& name, double factor) {
  std::string text;
  for (const double sparsity : {0.5, 0.9})
    for (const int n : {32, 128})
      text += line("tulle/plan", sparsity, n, factor * n * (1 - sparsity)) + line("x_dense", sparsity, n, 0.4 * n) + line("y_csr", sparsity, n, 0.5 * n);
  std::filesystem::create_directory(folder / name);
  folder.write(name + "/results.jsonl", text + R"({"op":"spmm","matrix":"m","n":8,"dtype":"f32","threads":1,"cold":false,"order":"row_major","kernel":"z_csr","machine":"m","refused":"n is small"})" + "\n");
  folder.write(name + "/commands.txt", "tulle lab run s.toml\n");
  folder.write(name + "/machines.jsonl", R"({"machine":"m","threads":1,"cpu":"Some","walls":{"fma_gflops":100,"l1_gbs":200,"l2_gbs":100,"l3_gbs":0,"memory_gbs":10}})" "\n");
  return folder / name;
}
std::string text_of(const std::filesystem::path& file) {
  std::stringstream all;
  all << std::ifstream(file).rdbuf();
  return all.str();
}
}  // namespace

TEST(Lab, BadSuitesAndFoldersAreOneLine) {
  const TempFolder folder;
  const std::string out = folder / "out";
  expect_refusal(command({"lab"}), "subcommand");
  expect_refusal(command({"lab", "run", folder / "none.toml", "--out", out}), "none.toml: cannot be opened");
  expect_refusal(command({"lab", "run", folder.write("s.toml", "cases = 1"), "--out", out}), "s.toml:1: 'cases' wants tables");
  expect_refusal(command({"lab", "run", folder.write("t.toml", "[[cases]]\nn = 1\n[[cases.generate]]\nkind = \"\x1b[31m\"\n"), "--out", out}), "t.toml");
  expect_refusal(command({"lab", "report", folder / "none"}), "none");
  std::filesystem::create_directory(folder / "empty");
  expect_refusal(command({"lab", "report", folder / "empty"}), "results.jsonl");
  expect_refusal(command({"lab", "compare", folder / "empty", folder / "empty"}), "results.jsonl");
  expect_refusal(command({"lab", "run", folder / "s.toml", "--threads", "0", "--out", out}), "threads");
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(Lab, CompareTellsWhatGotFaster) {
  const TempFolder folder;
  const Program::End end = command({"lab", "compare", results(folder, "a", 1), results(folder, "b", 0.5)});
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_SAYS(end.out, "Largest of 4 changes beyond the noise");
  EXPECT_SAYS(end.out, "2.000");
  EXPECT_SAYS(end.out, "12 measurements in both, 0 only in");
}

TEST(Lab, ThePageStandsAloneAndTheTableIsBesideIt) {
  const TempFolder folder;
  const std::string html = folder / "page.html";
  const Program::End end = command({"lab", "report", results(folder, "a", 1), "--html", html});
  ASSERT_EQ(end.exit_code, 0) << end.err;
  const std::string page = text_of(html);
  EXPECT_SAYS(page, "prefers-color-scheme");
  EXPECT_SAYS(page, "tulle lab run s.toml");
  EXPECT_SAYS(page, "a&lt;0.9");
  EXPECT_SAYS(page, "n is small");
  for (const char* outside : {"src=\"http", "href=\"http", "url(http", "@import", "<script"}) EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  const std::string table = text_of(folder / "page.csv");
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 14);
  if (end.out.find("matplotlib") != std::string::npos) GTEST_SKIP() << "no matplotlib: no pictures";
  EXPECT_SAYS(page, "<svg");
  EXPECT_GT(std::filesystem::file_size(folder / "page-speedup.png"), 10'000u);
}

TEST(Lab, PeersArePresentOrSaidToBeAbsent) {
  const Program::End end = command({"lab", "peers", "--peer-python", "/no/python"});
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_SAYS(end.out, "scipy       peer 'scipy': is absent: there is no /no/python; 'make peers' installs it");
  EXPECT_GE(std::count(end.out.begin(), end.out.end(), '\n'), 7);
}
