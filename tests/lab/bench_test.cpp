// A comparison goes on whatever its peers do. The peers here are short Python programs that speak the protocol, or
// break it in every way; Tulle's part is played by one of them too.
#include <gtest/gtest.h>
#include <chrono>
#include "lab/bench.hpp"
#include "lab/process.hpp"
#include "support/random_input.hpp"
#include "support/temp_folder.hpp"

using namespace tulle;
using test::message_of, test::TempFolder;

namespace {
constexpr const char* kPython = "/usr/bin/python3";

// Copies the inputs as outputs: no NumPy needed. MODE is replaced.
constexpr const char* kPeer = R"(#!/usr/bin/python3
import json, shutil, sys, time
mode = "MODE"
for line in sys.stdin:
    job = json.loads(line)
    if job["cmd"] == "load":
        if mode == "dies": sys.exit(3)
        if mode == "hangs": time.sleep(60)
        if mode == "refuses": print(json.dumps({"error": "no such operator"}), flush=True); continue
        if mode == "nonsense": print("ready when you are", flush=True); continue
        if mode != "forgets": shutil.copy(job["inputs"], job["outputs"])
        print(json.dumps({"load_s": 0.5, "first_ms": 2, "version": "9.9"}), flush=True)
    elif job["cmd"] == "run":
        if mode == "dies later": sys.exit(4)
        if mode == "times nothing": print(json.dumps({"ms": []}), flush=True); continue
        if mode == "times words": print(json.dumps({"ms": ["fast"]}), flush=True); continue
        print(json.dumps({"ms": [3.0, 1.0, 2.0]}), flush=True)
    else:
        print(json.dumps({"peak_rss_mib": 100}), flush=True)
)";

class Bench : public testing::Test {
 protected:
  Bench() {
    if (!std::filesystem::exists(kPython)) return;
    for (const char* mode : {"works", "dies", "hangs", "refuses", "nonsense", "forgets", "dies later", "times nothing", "times words"}) {
      std::string script = kPeer;
      script.replace(script.find("MODE"), 4, mode);
      folder_.write(std::string(mode) + ".py", script);
    }
    std::filesystem::permissions(folder_ / "works.py", std::filesystem::perms::owner_all);
  }
  void SetUp() override {
    if (!std::filesystem::exists(kPython)) GTEST_SKIP() << "no " << kPython;
  }
  std::vector<lab::PeerResult> compare(std::vector<std::string> peers) {
    const lab::BenchOptions o{.model = "m.onnx", .against = std::move(peers), .rounds = 2, .round_ms = 1, .load_seconds = 3, .run_seconds = 3};
    return lab::bench(o, {.tulle = folder_ / "works.py", .scripts = folder_.path(), .python = kPython}, {{"x", support::random_image({2, 3})}});
  }
  TempFolder folder_;
};
}  // namespace

TEST_F(Bench, EachFailureIsOneLineAndTheOthersGoOn) {
  const std::pair<const char*, const char*> failures[] = {
      {"dies", "peer 'dies': ended without an answer (exit code 3)"},
      {"refuses", "peer 'refuses': no such operator"},
      {"nonsense", "answered what is no JSON object"},
      {"forgets", "outputs.npz: cannot be opened"},
      {"dies later", "ended without an answer (exit code 4)"},
      {"times nothing", "gave no times"},
      {"times words", "peer 'times words': answered what the protocol does not know"},
      {"hangs", "gave no answer in 3 s"},
      {"unheard", "is not known"},
      {"../up", "is not known"},
  };
  std::vector<std::string> names{"works"};
  for (const auto& [name, says] : failures) names.push_back(name);
  names.push_back("works");
  const std::vector<lab::PeerResult> results = compare(names);
  ASSERT_EQ(results.size(), names.size() + 1);
  for (std::size_t i = 0; i < std::size(failures); ++i) {
    EXPECT_SAYS(results[i + 2].error, failures[i].second) << failures[i].first;
    EXPECT_EQ(results[i + 2].error.find('\n'), std::string::npos);
  }
  for (const lab::PeerResult* r : {&results[0], &results[1], &results.back()}) {
    EXPECT_EQ(r->error, "");
    EXPECT_EQ(r->version, "9.9");
    EXPECT_EQ(r->load_ms, 500);
    EXPECT_EQ(r->latency_ms.min, 1);
    EXPECT_EQ(r->latency_ms.all.size(), 6u);
    EXPECT_EQ(r->difference, 0);
    EXPECT_NEAR(r->peak_rss_mb, 104.9, 0.1);
  }
}

TEST_F(Bench, APythonThatIsMissingIsOneLine) {
  const lab::BenchOptions o{.model = "m.onnx", .against = {"works"}, .rounds = 1, .round_ms = 1};
  const auto results = lab::bench(o, {.tulle = folder_ / "works.py", .scripts = folder_.path(), .python = folder_ / "none"}, {{"x", support::random_image({1})}});
  EXPECT_SAYS(results[1].error, "is not installed");
  EXPECT_SAYS(results[1].error, "make peers");
}

TEST_F(Bench, ScratchFilesAreRemoved) {
  const auto folders = [] {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path()))
      count += entry.path().filename().string().starts_with("tulle-bench-");
    return count;
  };
  const int before = folders();
  compare({"dies"});
  EXPECT_EQ(folders(), before);
}

TEST(Process, AProgramThatIsMissingIsNamed) {
  EXPECT_SAYS(message_of<Error>([] { lab::Process("ghost", {"/no/such/program"}); }), "'/no/such/program' cannot be started: No such file");
}

TEST(Process, IsKilledWhenItTakesTooLong) {
  const auto start = std::chrono::steady_clock::now();
  const std::string message = message_of<Error>([] { lab::Process("slow", {"/bin/sleep", "30"}).ask({{"cmd", "load"}}, 0.2); });
  EXPECT_SAYS(message, "gave no answer");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}
