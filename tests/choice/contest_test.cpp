#include "choice/contest.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>

#include "tulle/error.hpp"

using namespace tulle;
using namespace tulle::choice;

namespace {
/// Works for some microseconds and counts its runs.
struct Worker final : Runnable {
  Worker(double work_us, int& count) : us(work_us), runs(count) {}
  void run() override {
    ++runs;
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double, std::micro>(us);
    while (std::chrono::steady_clock::now() < end) {
    }
  }
  std::size_t bytes() const override { return 77; }
  double us;
  int& runs;
};

struct Field {
  void add(std::string kernel, bool sparse, double cost_us, double work_us) {
    int& runs = counts[kernel];
    contenders.push_back({kernel, sparse, std::nullopt, cost_us,
                          [work_us, &runs] { return std::make_unique<Worker>(work_us, runs); }});
  }
  std::vector<Contender> contenders;
  std::map<std::string, int> counts;
};

const KernelChoice& line(const Verdict& v, const std::string& name) {
  for (const KernelChoice& c : v.candidates)
    if (c.name == name) return c;
  throw Error("line", name);
}
}  // namespace

TEST(Contest, IsWonByTheFastestNotByTheBestModelled) {
  Field f;
  f.add("boast", true, 10, 20'000);
  f.add("modest", true, 15, 100);
  f.add("dense", false, 300, 900);
  Winner winner;
  const Verdict v = Contest({}).hold(f.contenders, winner);
  EXPECT_EQ(v.kernel, "modest");
  EXPECT_EQ(winner.index, 1u);
  EXPECT_EQ(line(v, "modest").bytes, 77u);
  EXPECT_NEAR(break_even(v, 0.9), 1 - 0.1 * v.dense_us / v.sparse_us, 1e-12);
  EXPECT_NE(reason(v, 0.9, true).find("90 % zeros: sparse is "), std::string::npos);
}

TEST(Contest, TimesADenseOneHoweverHopelessAndNoOtherHopelessOne) {
  Field f;
  f.add("sparse", true, 10, 10);
  f.add("slow", true, 50, 50);
  f.add("dense", false, 90, 90);
  f.add("worse", false, 95, 95);
  Winner winner;
  const Verdict v = Contest({}).hold(f.contenders, winner);
  EXPECT_GT(line(v, "dense").time_us, 0);
  EXPECT_EQ(f.counts["slow"], 0);
  EXPECT_EQ(f.counts["worse"], 0);
}

TEST(Contest, GivesUpOnWhatIsFarBehind) {
  Field f;
  f.add("quick", true, 10, 100);
  f.add("dense", false, 300, 20'000);  // far behind on a busy machine too
  Winner winner;
  const Verdict v = Contest({.fewest = 5, .most = 5, .give_up = 1.5}).hold(f.contenders, winner);
  EXPECT_EQ(v.kernel, "quick");
  EXPECT_LE(f.counts["dense"], 2);
  EXPECT_GT(v.dense_us, 0);
}

TEST(Contest, WhenQuickRunsALoneFavouriteTwiceAndTakesDenseAtItsModelsWord) {
  Field f;
  f.add("favourite", true, 10, 20);
  f.add("hopeless", true, 13, 1);
  f.add("dense", false, 40, 1);
  Winner winner;
  const Verdict v = Contest(quick_effort(false)).hold(f.contenders, winner);
  EXPECT_EQ(v.kernel, "favourite");
  EXPECT_EQ(f.counts["favourite"], 2);
  EXPECT_EQ(f.counts["hopeless"] + f.counts["dense"], 0);
  EXPECT_EQ(v.dense_us, 40);
  EXPECT_NE(reason(v, 0.9, true).find("as fast as dense by its cost model"), std::string::npos);
}

TEST(Contest, WhenQuickStillAsksARivalThatTheModelsPutNear) {
  Field f;
  f.add("boast", true, 200, 30'000);  // far behind on a busy machine too
  f.add("near", true, 240, 100);
  Winner winner;
  EXPECT_EQ(Contest(quick_effort(false)).hold(f.contenders, winner).kernel, "near");
  EXPECT_LE(f.counts["near"], 5);
}

TEST(Contest, KeepsRefusalsAndTrustsModelsWithoutTiming) {
  Field f;
  f.add("wide", true, 20, 1);
  f.add("best", true, 10, 1);
  f.contenders.push_back({"narrow", true, "n = 9 is more than 8", 0, {}});
  Winner winner;
  const Verdict v = Contest::trust_models(f.contenders, winner);
  EXPECT_EQ(v.kernel, "best");
  EXPECT_EQ(f.counts["best"], 0);
  EXPECT_EQ(line(v, "narrow").refusal, "n = 9 is more than 8");
  EXPECT_NE(reason(v, 0.5, true).find("chosen by the cost models"), std::string::npos);
}

TEST(Contest, HasNoWinnerWhenAllRefuse) {
  const std::vector<Contender> none{{"a", true, "no", 0, {}}};
  Winner winner;
  const Verdict v = Contest({}).hold(none, winner);
  EXPECT_EQ(winner.runnable, nullptr);
  EXPECT_EQ(v.candidates.size(), 1u);
}

TEST(Words, SayWhenDenseWinsAndFromWhereSparsePays) {
  const Verdict v{.kernel = "dense", .time_us = 10, .dense_us = 10, .sparse_us = 20, .candidates = {}};
  EXPECT_EQ(reason(v, 0.5, false),
            "50 % zeros: dense wins at this shape, 2.00 times as fast; sparse pays from about 75 %");
  EXPECT_TRUE(too_dense(900'000, 1'000'000));
  EXPECT_FALSE(too_dense(900, 1'000));
}
