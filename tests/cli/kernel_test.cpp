// tulle kernel: what it answers and what it refuses.
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "support/temp_folder.hpp"

using namespace tulle::test;
using nlohmann::json;

TEST(KernelSpmm, TellsWhoWonByHowMuchAndFromWhereSparsePays) {
  const Program::End end = command({"kernel", "spmm", "--random", "300x200:0.9", "--n", "40"});
  EXPECT_EQ(end.exit_code, 0) << end.err;
  for (const char* part : {"300 x 200, 6000 entries, 90.0 % zeros", "% of peak", "linear/reference",
                           "refused: ", "a program's plan: "})
    EXPECT_SAYS(end.out, part);
}

TEST(KernelSpmm, ItsJsonStandsAlone) {
  const json report = json::parse(command({"kernel", "spmm", "--random", "64x80:0.8", "--n", "17", "--order",
                                           "tokens", "--cold", "--json", "-"})
                                      .out);
  EXPECT_EQ(report["op"], "spmm");
  EXPECT_EQ(report["nnz"], 1024);
  bool winner = false;
  for (const json& c : report["candidates"])
    if (c["kernel"] == report["kernel"])
      winner = c["time_us"].get<double>() > 0 && c["prepare_us"].get<double>() > 0;
  EXPECT_TRUE(winner);
}

TEST(KernelSpmm, QuantisesForBytesAndAnswersForSeveralThreads) {
  const json both = json::parse(command({"kernel", "spmm", "--random", "90x70:0.8", "--n", "33", "--dtype",
                                         "i8", "--threads", "1,2", "--json", "-"})
                                    .out);
  ASSERT_EQ(both.size(), 2);
  for (int threads : {1, 2}) {
    const json& report = both[static_cast<std::size_t>(threads) - 1];
    EXPECT_EQ(report["threads"], threads);
    EXPECT_NE(report["kernel"].get<std::string>().find("i8"), std::string::npos);
    for (const char* time : {"planning_us", "call_us"}) EXPECT_GT(report[time].get<double>(), 0) << time;
  }
}

TEST(KernelSpmm, ReadsMatrixFiles) {
  const TempFolder folder;
  std::ofstream(folder / "a.smtx") << "2, 3, 3\n0 1 3\n2 0 1\n";
  const Program::End end = command({"kernel", "spmm", (folder / "a.smtx").string(), "--n", "5"});
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_SAYS(end.out, "2 x 3, 3 entries, 50.0 % zeros; n 5");
}

TEST(KernelSpmv, TellsWhoWonInEveryType) {
  for (const char* dtype : {"f32", "bf16", "i8"}) {
    Words words{"kernel", "spmv", "--random", "300x200:0.9", "--dtype", dtype, "--threads", "2"};
    if (std::string_view(dtype) == "i8") words.push_back("--cold");
    const Program::End end = command(words);
    EXPECT_EQ(end.exit_code, 0) << end.err;
    for (const std::string& part : {std::string("6000 entries, 90.0 % zeros; ") + dtype + ", 2 threads",
                                    std::string("GB/s of A"), std::string("planning took")})
      EXPECT_SAYS(end.out, part);
  }
  const json report = json::parse(command({"kernel", "spmv", "--random", "64x80:0.8", "--json", "-"}).out);
  EXPECT_EQ(report["op"], "spmv");
  EXPECT_EQ(report["n"], 1);
  expect_refusal(command({"kernel", "spmv"}), "kernel spmv: wants a file or --random");
  expect_refusal(command({"kernel", "spmv", "--random", "8x8:0.5", "--dtype", "f64"}), "--dtype");
}

TEST(KernelSpmm, RefusesWhatMakesNoProduct) {
  const auto spmm = [](Words words) {
    words.insert(words.begin(), {"kernel", "spmm"});
    return command(words);
  };
  expect_refusal(command({"kernel"}), "tulle kernel --help");
  expect_refusal(spmm({}), "wants a file or --random");
  expect_refusal(spmm({"--random", "12x:0.5"}), "'12x:0.5'; want ROWSxCOLS:ZEROS");
  expect_refusal(spmm({"--random", "999999999x999999999:0.5"}), "");
  expect_refusal(spmm({"--random", "8x8:1.5"}), "");
  expect_refusal(spmm({"--random", "8x8:0.5", "--n", "-3"}), "is -3; want at least 0");
  expect_refusal(spmm({"--random", "8x8:0.5", "--n", "9000000000000"}), "");
  expect_refusal(spmm({"--random", "8x8:0.5", "--order", "diagonal"}), "--order");
  expect_refusal(spmm({"--random", "8x8:0.5", "--kernel", "spmm/none"}), "there is no 'spmm/none'");
  expect_refusal(spmm({"none.smtx"}), "none.smtx: cannot be opened");
}
