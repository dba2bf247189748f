// tulle kernel sddmm and attention: what they answer and what they refuse.
#include <nlohmann/json.hpp>

#include "cli/program.hpp"

using namespace tulle::test;
using nlohmann::json;

TEST(KernelMasked, TellsWhoWonAndHowFullTheTilesAre) {
  for (const char* op : {"sddmm", "attention"}) {
    const Program::End end = command({"kernel", op, "--mask", "band:9", "--tokens", "100", "--d", "24"});
    EXPECT_EQ(end.exit_code, 0) << end.err;
    for (const char* part :
         {"100 x 100, 1810 entries, 18.1 % of all pairs", "% of peak", "/reference", "that hold one"})
      EXPECT_SAYS(end.out, part);
  }
}

TEST(KernelMasked, ItsJsonStandsAlone) {
  const json report = json::parse(command({"kernel", "attention", "--mask", "random:0.2", "--tokens", "70",
                                           "--heads", "3", "--threads", "2", "--json", "-"})
                                      .out);
  EXPECT_EQ(report["op"], "attention");
  bool timed = false;
  for (const json& c : report["candidates"])
    if (c["kernel"] == report["kernel"]) timed = c["time_us"].get<double>() > 0;
  EXPECT_TRUE(timed);
}

TEST(KernelMasked, TakesBf16) {
  for (const char* op : {"sddmm", "attention"}) {
    const json report = json::parse(
        command({"kernel", op, "--mask", "band:9", "--tokens", "60", "--dtype", "bf16", "--json", "-"}).out);
    EXPECT_EQ(report["dtype"], "bf16");
    EXPECT_NE(report["candidates"].dump().find("/reference/bf16"), std::string::npos);
  }
  expect_refusal(command({"kernel", "sddmm", "--dtype", "f16"}), "--dtype");
}

TEST(KernelMasked, GivesBlocksWhole) {
  const Program::End end =
      command({"kernel", "sddmm", "--mask", "block:16,0.3", "--tokens", "80", "--blocks", "16"});
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_SAYS(end.out, "1792 entries");  // of the blocks, whole
  expect_refusal(command({"kernel", "sddmm", "--blocks", "257"}), "--blocks");
}

TEST(KernelMasked, RefusesWhatIsNoMask) {
  expect_refusal(command({"kernel", "sddmm", "--mask", "bend:3"}), "mask 'bend:3': want full, causal");
  expect_refusal(command({"kernel", "sddmm", "--tokens", "99999999"}), "--tokens");
  expect_refusal(command({"kernel", "attention", "--kernel", "sddmm/avx512/tiles"}), "there is no kernel");
  expect_refusal(command({"kernel", "attention", "--threads", "0"}), "0 threads; want 1 to 1024");
}
