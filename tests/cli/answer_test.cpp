// What the commands answer when all is well.
#include <cstring>
#include <nlohmann/json.hpp>
#include "cli/program.hpp"
#include "cli/text.hpp"
#include "cli/table.hpp"
#include "io/npz.hpp"

using namespace tulle;
using namespace tulle::test;
using nlohmann::json;

namespace {
const Words kExplain{"explain", kModels + "mnist5k_vit-s90.onnx", "--shapes", "x:2x1x28x28"};

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}
}  // namespace

TEST(Inspect, ListsLayersWithTheirZerosAndPattern) {
  const Program::End end = command({"inspect", kModels + "digits_mlp-s90.onnx"});
  EXPECT_EQ(end.exit_code, 0) << end.err;
  for (const char* part : {"input   x: f32[batch, 64]", "gemm_node", "90.0 %", "unstructured", "of them zero"}) EXPECT_SAYS(end.out, part);
  const json report = json::parse(command({"inspect", kModels + "digits_mlp-s90.onnx", "--json", "-"}).out);
  EXPECT_EQ(report["layers"].size(), 3u);
  EXPECT_NEAR(report["layers"][0]["zeros"].get<double>(), 0.9, 0.01);
}

TEST(Explain, TellsWhoWasAskedWhoWonAndWhatWouldHelp) {
  const Program::End end = command(kExplain);
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_EQ(end.err, "");
  for (const char* part : {"matmul_node", "asked: ", "as for matmul_node", "unstructured, ", "where the time goes"}) EXPECT_SAYS(end.out, part);
  EXPECT_EQ(command(with(kExplain, {"--brief"})).out.find("asked"), std::string::npos);
}

TEST(Explain, SavesAndComparesReports) {
  const TempFolder folder;
  const std::string file = folder / "before.json";
  ASSERT_EQ(command(with(kExplain, {"--json", file})).exit_code, 0);
  json report = json::parse(std::ifstream(file));
  for (const char* key : {"name", "op", "shape", "zeros", "kernel", "reason", "ms", "dense_ms", "candidates", "pattern"})
    EXPECT_TRUE(std::any_of(report["layers"].begin(), report["layers"].end(), [&](const json& l) { return l.contains(key); })) << key;
  report["layers"][0]["kernel"] = "an/older/one";
  folder.write("before.json", report.dump());
  const Program::End end = command(with(kExplain, {"--brief", "--against-plan", file}));
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_SAYS(end.out, "an/older/one");
  EXPECT_SAYS(end.out, "with another kernel or time");
  expect_refusal(command(with(kExplain, {"--against-plan", folder.write("list.json", "[1, 2]")})), "lacks layers");
}

TEST(Bench, ItsJsonStandsAloneAndHoldsWhatIsPromised) {
  const Program::End end = command({"bench", kModels + "digits_mlp-s90.onnx", "--shapes", "x:1x64", "--rounds", "2", "--round-ms", "5", "--against",
                                  "tulle:dense,nobody", "--json", "-"});
  ASSERT_EQ(end.exit_code, 0) << end.err;
  EXPECT_EQ(end.err, "");
  const json report = json::parse(end.out);
  for (const char* key : {"latency_ms", "throughput_per_s", "load_ms", "plan_ms", "peak_rss_mb", "layers", "peers", "machine", "threads", "precision"})
    EXPECT_TRUE(report.contains(key)) << key;
  for (const char* key : {"min", "median", "p90", "p99"}) EXPECT_GT(report["latency_ms"][key].get<double>(), 0) << key;
  EXPECT_GT(report["peers"]["tulle:dense"]["latency_ms"]["min"].get<double>(), 0);
  EXPECT_LT(report["peers"]["tulle:dense"]["difference"].get<double>(), 1e-4);
  EXPECT_SAYS(report["peers"]["nobody"]["error"].get<std::string>(), "is not known");
}

TEST(Bench, TakesRealInputsAndWritesATrace) {
  const TempFolder folder;
  const Program::End end = command({"bench", kModels + "digits_mlp-s90.onnx", "--input", kModels + "digits-images.npz", "--rounds", "1", "--round-ms", "5",
                                  "--trace", (folder / "t.json").string()});
  EXPECT_EQ(end.exit_code, 0) << end.err;
  EXPECT_SAYS(end.out, "1 thread, 1 interleaved rounds");
  const json trace = json::parse(std::ifstream(folder / "t.json"));
  for (const json& event : trace["traceEvents"]) EXPECT_EQ(event["ph"], "X");
  EXPECT_GE(trace["traceEvents"].size(), 3u);
}

TEST(Run, FindsTheDigitsOfTheModelThatWasTrainedOnThem) {
  const TempFolder folder;
  const Program::End end = command({"run", kModels + "digits_mlp-s90.onnx", "--input", kModels + "digits-images.npz", "--output", (folder / "y.npz").string()});
  ASSERT_EQ(end.exit_code, 0) << end.err;
  EXPECT_EQ(end.out + end.err, "");
  const Tensor scores = io::read_npz(folder / "y.npz").at(0).second, labels = io::read_npy(kModels + "digits-labels.npy");
  ASSERT_EQ(labels.dtype(), DType::i64);
  Index right = 0;
  for (Index i = 0; i < labels.count(); ++i) {
    const float* row = scores.as<float>().data() + 10 * i;
    right += std::max_element(row, row + 10) - row == labels.as<std::int64_t>()[static_cast<std::size_t>(i)];
  }
  EXPECT_GT(static_cast<double>(right), 0.93 * static_cast<double>(labels.count()));
}

TEST(Run, OtherInstructionSetsAgree) {
  const TempFolder folder;
  std::vector<Tensor> answers;
  for (const char* isa : {"TULLE_ISA=native", "TULLE_ISA=avx2", "TULLE_ISA=none", "TULLE_JIT=0"}) {
    const std::string out = folder / "y.npz";
    ASSERT_EQ(command({"run", kModels + "digits_mlp-s90.onnx", "--input", kModels + "digits-images.npz", "--output", out}, {isa}).exit_code, 0) << isa;
    answers.push_back(io::read_npz(out).at(0).second);
    for (std::size_t i = 0; i < answers[0].as<float>().size(); ++i) ASSERT_NEAR(answers.back().as<float>()[i], answers[0].as<float>()[i], 1e-3) << isa;
  }
}

TEST(Doctor, TellsOfCpuCachesThreadsLibrariesAndPeers) {
  const Program::End end = command({"doctor"});
  EXPECT_EQ(end.exit_code, 0) << end.err;
  for (const char* part : {"CPU", "caches", "threads", "libraries", "libgomp", "peer onnxruntime", "peer openvino"}) EXPECT_SAYS(end.out, part);
}

TEST(Help, EveryCommandHasExamples) {
  for (const char* name : {"inspect", "bench", "explain", "run"}) EXPECT_SAYS(command({name, "--help"}).out, "Example");
  EXPECT_SAYS(command({"--help"}).out, "Examples: tulle inspect");
  EXPECT_EQ(command({"--version"}).exit_code, 0);
}
