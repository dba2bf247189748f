// The lab against contenders that compute right, wrong, slowly or not at all. Tulle's part is played by a script too.
#include <gtest/gtest.h>
#include <fstream>
#include "lab/contest.hpp"
#include "lab/shifts.hpp"
#include "lab/standings.hpp"
#include "support/program.hpp"
#include "support/temp_folder.hpp"
#include "tulle/error.hpp"

using namespace tulle;
using nlohmann::json;
using test::message_of, test::TempFolder;

namespace {
constexpr const char* kPython = "/usr/bin/python3";

// Multiplies without NumPy: reads what the lab writes (stored .npz members, .npy of f32), writes an .npy. NAMES is replaced.
constexpr const char* kContender = R"(#!/usr/bin/python3
import array, json, os, struct, sys, time, zipfile
names = NAMES

def npy(file):
    data = file.read()
    length = struct.unpack("<H", data[8:10])[0]
    head = eval(data[10:10 + length])
    kind = {"<f4": "f", "<i4": "i", "<i8": "q"}[head["descr"]]
    return array.array(kind, data[10 + length:]), head["shape"]

def multiply(job):
    with zipfile.ZipFile(job["a"]) as z:
        values, columns, offsets, shape = [npy(z.open(n + ".npy"))[0] for n in ("data", "indices", "indptr", "shape")]
    b, n, rows = npy(open(job["operands"]["b"], "rb"))[0], job["n"], shape[0]
    c = array.array("f", bytes(4 * rows * n))
    for i in range(rows):
        for p in range(offsets[i], offsets[i + 1]):
            for j in range(n):
                c[i * n + j] += values[p] * b[columns[p] * n + j]
    return c, (rows, n)

def save(path, c, shape):
    head = ("{'descr': '<f4', 'fortran_order': False, 'shape': %s, }" % (shape,)).ljust(117) + "\n"
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + c.tobytes())

for line in sys.stdin:
    job = json.loads(line)
    answer = {}
    if job["cmd"] == "hello": answer = {"version": "7", "offers": [{"op": "spmm", "kernel": n, "dtypes": ["f32"]} for n in names] + [{"op": "spmm", "kernel": "narrow", "dtypes": ["bf16"]}, {"op": "knit", "kernel": "knits", "dtypes": ["f32"]}]}
    if job["cmd"] == "walls": answer = {"fma_gflops": 100, "l1_gbs": 1, "l2_gbs": 1, "l3_gbs": 1, "memory_gbs": 1}
    if job["cmd"] == "load":
        mode = job["kernel"]
        if mode == "dies": sys.exit(3)
        if mode == "refuses": answer = {"refused": "n is odd"}
        else:
            c, shape = multiply(job)
            if mode == "lies": c[len(c) // 2] += 0.001
            if mode == "forgets a column": c[-1] = float("nan")
            if mode == "turns": shape = shape[::-1]
            if mode != "writes nothing": save(job["result"], c, shape)
            answer = {"prepare_us": 5.0, "note": "slow"}
    if job["cmd"] == "run":
        if job["cmd"] == "run" and mode == "dies later": sys.exit(4)
        if mode == "hangs": time.sleep(60)
        if mode == "right": time.sleep(0.02)
        answer = {"us": [] if mode == "times nothing" else ["fast"] if mode == "times words" else [-1.0] if mode == "runs backwards" else [3.0, 2.0, 4.0]}
    print(json.dumps(answer), flush=True)
)";

class Contest : public testing::Test {
 protected:
  Contest() {
    program("tulle", {"right", "refuses"});
    program("honest_peer", {"right too"});
    program("bad_peer", {"lies", "forgets a column", "turns", "writes nothing", "dies", "dies later", "hangs", "times nothing", "times words", "runs backwards"});
  }
  void SetUp() override {
    if (!std::filesystem::exists(kPython)) GTEST_SKIP() << "no " << kPython;
  }
  void program(const std::string& name, const json& names) {
    std::string script = kContender;
    script.replace(script.find("NAMES"), 5, names.dump());
    folder_.write(name == "tulle" ? name : name + ".py", script);
    std::filesystem::permissions(folder_ / (name == "tulle" ? name : name + ".py"), std::filesystem::perms::owner_all);
  }
  lab::ContestOptions options(std::vector<std::string> peers) {
    const auto suite = folder_.write("s.toml", "rounds = 2\nround_ms = 1\n[[cases]]\nn = [3, 5]\n[[cases.generate]]\nrows = 17\ncols = 13\nsparsity = 0.7\n");
    return {.suite = lab::read_suite(suite), .peers = std::move(peers), .out = folder_ / "out",
            .paths = {.tulle = folder_ / "tulle", .programs = folder_ / "none", .scripts = folder_.path(), .python = kPython}, .command = "tulle lab run s.toml",
            .say = [this](const std::string& line) { said_.push_back(line); }, .progress = [](Index, Index, const std::string&) {}, .load_seconds = 30, .run_seconds = 2};
  }
  std::map<std::string, json> lines(Index n) {
    std::map<std::string, json> by_kernel;
    for (const json& r : lab::read_records(folder_ / "out"))
      if (r["n"] == n) by_kernel[r["kernel"]] = r;
    return by_kernel;
  }
  TempFolder folder_;
  std::vector<std::string> said_;
};
}  // namespace

TEST_F(Contest, ALineForEachContenderWithWhatTheIssueNames) {
  const lab::ContestSummary s = lab::run_contest(options({"honest_peer", "ghost"}));
  EXPECT_EQ(s.cases, 2);
  EXPECT_EQ(s.measured, 4);
  EXPECT_EQ(s.refused, 2);
  EXPECT_EQ(s.absent, std::vector<std::string>{"ghost"});
  ASSERT_FALSE(said_.empty());
  EXPECT_SAYS(said_[0], "'ghost': is not known; there are bad_peer, honest_peer");
  const auto at = lines(5);
  ASSERT_EQ(at.size(), 3u);
  EXPECT_EQ(at.at("tulle/refuses")["refused"], "n is odd");
  const json& r = at.at("right too");
  for (const char* key : {"op", "matrix", "rows", "cols", "nnz", "sparsity", "n", "dtype", "threads", "cold", "order", "kernel", "us_min", "us_median", "gflops",
                          "peak_share", "error", "prepare_us", "machine", "version", "runs"})
    EXPECT_TRUE(r.contains(key)) << key;
  EXPECT_EQ(r["us_min"], 2.0);
  EXPECT_EQ(r["us_median"], 3.0);
  EXPECT_EQ(r["runs"], 6);
  EXPECT_DOUBLE_EQ(r["gflops"].get<double>(), 2.0 * 5 * r["nnz"].get<double>() / 2 / 1e3);
  EXPECT_DOUBLE_EQ(r["peak_share"].get<double>(), r["gflops"].get<double>() / 100);
  EXPECT_LT(r["error"].get<double>(), 8);
}

TEST_F(Contest, WhoeverIsWrongIsToldAndNotTimed) {
  const lab::ContestSummary s = lab::run_contest(options({"bad_peer"}));
  EXPECT_EQ(s.wrong, 2 * 3);
  EXPECT_EQ(s.failed, 2 * 7);
  const auto at = lines(3);
  EXPECT_SAYS(at.at("lies")["wrong"].get<std::string>(), "wants");
  EXPECT_SAYS(at.at("forgets a column")["wrong"].get<std::string>(), "element [16, 2] is nan");
  EXPECT_SAYS(at.at("turns")["wrong"].get<std::string>(), "[3, 17]");
  EXPECT_SAYS(at.at("dies")["failed"].get<std::string>(), "exit code 3");
  EXPECT_SAYS(at.at("dies later")["failed"].get<std::string>(), "exit code 4");
  EXPECT_SAYS(at.at("hangs")["failed"].get<std::string>(), "gave no answer");
  EXPECT_SAYS(at.at("writes nothing")["failed"].get<std::string>(), "result.npy");
  for (const char* mode : {"times nothing", "runs backwards"}) EXPECT_SAYS(at.at(mode)["failed"].get<std::string>(), "gave no times");
  for (const auto& [kernel, r] : at) EXPECT_EQ(r.contains("us_min"), kernel == "tulle/right") << kernel;
}

TEST_F(Contest, WhatIsThereIsKeptAndAPeerMayJoinLater) {
  lab::run_contest(options({}));
  const auto before = lab::read_records(folder_ / "out");
  const lab::ContestSummary s = lab::run_contest(options({"honest_peer"}));
  EXPECT_EQ(s.kept, 4);
  EXPECT_EQ(s.measured, 2);
  auto after = lab::read_records(folder_ / "out");
  after.resize(before.size());
  EXPECT_EQ(before, after);
}

TEST_F(Contest, ALineCutByAKillIsMeasuredAgain) {
  lab::run_contest(options({}));
  const auto file = folder_ / "out/results.jsonl";
  const auto whole = lab::read_records(folder_ / "out");
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 20);
  EXPECT_EQ(lab::read_records(folder_ / "out").size(), whole.size() - 1);
  const lab::ContestSummary s = lab::run_contest(options({}));
  EXPECT_EQ(s.kept + s.measured + s.refused, static_cast<Index>(whole.size()));
  EXPECT_SAYS(said_.back(), "cut short by a kill");
  EXPECT_EQ(lab::read_records(folder_ / "out").size(), whole.size());
}

TEST_F(Contest, RecordsThatAreNoneAreNamedWithTheirLine) {
  std::filesystem::create_directory(folder_ / "out");
  const std::string good = R"({"op":"spmm","matrix":"m","n":1,"dtype":"f32","threads":1,"order":"row_major","kernel":"k"})";
  for (const std::string bad : {"[]", "nonsense", "{}", R"({"op":"spmm"})"}) {
    folder_.write("out/results.jsonl", good + "\n" + bad + "\n");
    EXPECT_SAYS(message_of<Error>([&] { lab::run_contest(options({})); }), "results.jsonl:2: ") << bad;
  }
  folder_.write("out/results.jsonl", good.substr(0, good.size() - 1) + R"(,"us_min":"fast"})" + "\n");
  EXPECT_SAYS(message_of<Error>([&] { lab::read_records(folder_ / "out"); }), "'us_min' is no positive number");
}

namespace {
json measured(const std::string& kernel, Index n, std::vector<double> rounds) {
  return {{"op", "spmm"}, {"matrix", "m"}, {"n", n}, {"dtype", "f32"}, {"threads", 1}, {"cold", false}, {"order", "row_major"}, {"kernel", kernel},
          {"us_min", *std::min_element(rounds.begin(), rounds.end())}, {"us_median", rounds[0]}, {"us_rounds", rounds}, {"gflops", 10.0}};
}
}  // namespace

TEST(Shifts, OnlyWhatIsBeyondTheNoiseIsAChange) {
  json moved = measured("moved", 1, {5, 5.5});
  moved["machine"] = "another";
  const std::vector<json> before{measured("same", 1, {10, 12}), measured("faster", 1, {10, 12}), measured("moved", 1, {10, 12}), measured("gone", 1, {1})};
  const std::vector<json> now{measured("same", 1, {9, 10.5}), measured("faster", 1, {9, 9.5}), moved, measured("new", 2, {1})};
  const lab::Shifts s = lab::shifts_between(before, now);
  EXPECT_EQ(s.matched, 3u);
  EXPECT_EQ(s.only_before, 1u);
  EXPECT_EQ(s.only_now, 1u);
  ASSERT_EQ(s.changes.size(), 2u);
  EXPECT_EQ(s.changes[0].kernel, "moved");
  EXPECT_EQ(s.kernels.at("same").faster, 0u);
  EXPECT_EQ(s.kernels.at("faster").faster, 1u);
  EXPECT_NEAR(s.kernels.at("faster").speedup, 10.0 / 9, 1e-12);
  const lab::Shifts back = lab::shifts_between(now, before);
  EXPECT_EQ(back.kernels.at("faster").slower, 1u);
}

TEST(Standings, RatiosAreOfTheBestDenseAndTheBestPeer) {
  const std::vector<json> records{measured("tulle/plan", 1, {2}), measured("x_dense", 1, {8}), measured("y_dense", 1, {10}), measured("z_csr", 1, {4}),
                                  measured("tulle/plan", 2, {2}), measured("x_dense", 2, {2})};
  const auto all = lab::standings(records);
  ASSERT_EQ(all.size(), 4u);
  const auto plan = std::find_if(all.begin(), all.end(), [](const lab::Standing& s) { return s.kernel == "tulle/plan"; });
  EXPECT_NEAR(plan->over_dense, 2, 1e-12);           // 4 and 1
  EXPECT_NEAR(plan->over_peer, std::sqrt(2), 1e-12);  // 2 and 1
  EXPECT_EQ(plan->fastest, 2u);
}
