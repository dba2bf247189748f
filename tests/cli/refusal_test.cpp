// Bad input through the program: whatever the file, one to three lines on standard error and exit code 2; nothing else
// is left, neither on standard output nor in a file.
#include "cli/program.hpp"
#include <sys/stat.h>
#include <random>
#include "io/npz.hpp"
#include "support/onnx_model.hpp"
#include "support/random_input.hpp"

using namespace tulle;
using namespace tulle::test;

namespace {
std::string bytes_of(const std::string& file) {
  std::stringstream all;
  all << std::ifstream(file, std::ios::binary).rdbuf();
  return all.str();
}

std::string noise(std::size_t size) {
  std::mt19937 bits(5);
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>(bits());
  return text;
}

/// x: f32[1, 2] through one node to y.
OnnxModel one_node(const char* op, const char* name = "the_node") {
  OnnxModel m;
  m.input("x", {1, 2});
  m.node(op, {"x"}, {"y"}).set_name(name);
  m.output("y");
  return m;
}

/// rows = Gather(w, i), i: i64[1]; w has two rows.
OnnxModel gather() {
  OnnxModel m;
  m.initializer("w", {2, 2}, {1, 2, 3, 4});
  m.input("i", {1}, onnx::TensorProto::INT64);
  m.node("Gather", {"w", "i"}, {"rows"}).set_name("look_up");
  m.output("rows");
  return m;
}

OnnxModel with_external(const std::string& location) {
  OnnxModel m = one_node("Relu");
  onnx::TensorProto& w = m.initializer("w", {2}, {});
  w.set_data_location(onnx::TensorProto::EXTERNAL);
  onnx::StringStringEntryProto& entry = *w.add_external_data();
  entry.set_key("location");
  entry.set_value(location);
  m.node("Add", {"y", "w"}, {"z"});
  m.graph().mutable_output(0)->set_name("z");
  return m;
}

Tensor longs(std::vector<Index> values) {
  return Tensor::of<Index>(DType::i64, {static_cast<Index>(values.size())}, std::span<const Index>(values));
}

std::string write_input(const TempFolder& folder, const std::string& name, Tensor t) {
  const io::NamedTensors tensors{{name, std::move(t)}};
  io::write_npz(folder / "in.npz", tensors);
  return (folder / "in.npz").string();
}

/// Every command that opens models refuses this one.
void expect_refused_everywhere(const std::string& model, const std::string& says) {
  const TempFolder folder;
  const std::string in = write_input(folder, "x", support::random_image({1, 2})), out = (folder / "out.npz").string();
  for (const Words& words : {Words{"inspect", model}, Words{"explain", model}, Words{"bench", model, "--rounds", "1"},
                             Words{"run", model, "--input", in, "--output", out}, Words{"inspect", model, "--json", out}}) {
    SCOPED_TRACE(words[0] + " " + model);
    expect_refusal(command(words), says);
    EXPECT_FALSE(std::filesystem::exists(out));
  }
}

/// run refuses, and its folder holds afterwards what it held before.
void expect_run_refused(const std::string& model, const std::string& in, const std::string& says, const Words& environment = {}) {
  const TempFolder folder;
  expect_refusal(command({"run", model, "--input", in, "--output", (folder / "out.npz").string()}, environment), says);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}
}  // namespace

TEST(Refusal, FilesThatAreNoModels) {
  const TempFolder folder;
  const std::string good = bytes_of(kModels + "digits_mlp-s90.onnx");
  expect_refused_everywhere(folder.write("cut.onnx", good.substr(0, good.size() / 2)), "cut.onnx: ");
  expect_refused_everywhere(folder.write("noise.onnx", noise(5000)), "noise.onnx: ");
  expect_refused_everywhere(folder.write("empty.onnx", ""), "is empty");
  expect_refused_everywhere(folder.write("page.onnx", "<!DOCTYPE html><html></html>"), "HTML");
  expect_refused_everywhere(folder / "missing.onnx", "missing.onnx: cannot be opened: No such file");
  expect_refused_everywhere(folder.path(), "is a folder");
  expect_refused_everywhere("/dev/zero", "regular file is wanted");
  ASSERT_EQ(mkfifo((folder / "pipe.onnx").c_str(), 0600), 0);
  expect_refused_everywhere(folder / "pipe.onnx", "regular file is wanted");
}

TEST(Refusal, ModelsThatCannotBe) {
  const TempFolder folder;
  OnnxModel cycle = one_node("Relu");
  cycle.node("Add", {"x", "b"}, {"a"});
  cycle.node("Relu", {"a"}, {"b"});
  expect_refused_everywhere(folder.write("cycle.onnx", cycle.bytes()), "is part of a cycle");
  expect_refused_everywhere(folder.write("unknown.onnx", one_node("Frobnicate").bytes()), "Frobnicate (opset 17, node 'the_node')");
  OnnxModel many = one_node("Frobnicate");
  for (int i = 0; i < 500; ++i) many.node("Unheard", {"y"}, {("z" + std::to_string(i)).c_str()});
  expect_refused_everywhere(folder.write("many.onnx", many.bytes()), "and 481 more");
  OnnxModel huge = one_node("Relu");
  huge.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_value(std::numeric_limits<Index>::max());
  expect_refused_everywhere(folder.write("huge.onnx", huge.bytes()), "huge.onnx");
  OnnxModel newer(999);
  newer.input("x", {1, 2});
  newer.node("Relu", {"x"}, {"y"});
  newer.output("y");
  expect_refused_everywhere(folder.write("newer.onnx", newer.bytes()), "opset 999");
  expect_refused_everywhere(folder.write("escape.onnx", one_node("\x1b[31mEvil\n\xc2\x9b").bytes()), "Evil");
}

TEST(Refusal, WeightsOutsideTheModelsFolder) {
  const TempFolder folder, outside;
  outside.write("secret", "12345678");
  expect_refused_everywhere(folder.write("up.onnx", with_external("../secret").bytes()), "up.onnx");
  expect_refused_everywhere(folder.write("absolute.onnx", with_external(outside / "secret").bytes()), "absolute.onnx");
  std::filesystem::create_symlink(outside / "secret", folder / "link");
  const std::string linked = folder.write("linked.onnx", with_external("link").bytes());
  expect_refused_everywhere(linked, "link");
  EXPECT_EQ(command({"inspect", linked, "--follow-links"}).exit_code, 0);
}

TEST(Refusal, InputsThatDoNotFit) {
  const TempFolder folder;
  const std::string model = folder.write("relu.onnx", one_node("Relu").bytes());
  const Tensor good = support::random_image({1, 2});
  expect_run_refused(model, write_input(folder, "q", good), "input 'q': is no input of the model; it has 'x'");
  expect_run_refused(model, write_input(folder, "x", longs({1, 2})), "input 'x': is i64; want f32");
  expect_run_refused(model, write_input(folder, "x", support::random_image({1, 3})), "[1, 3]");
  expect_run_refused(model, write_input(folder, "x", support::random_image({2})), "[2]");
  io::write_npz(folder / "in.npz", io::NamedTensors{});
  expect_run_refused(model, folder / "in.npz", "input 'x': is missing");
  expect_run_refused(model, folder / "missing.npz", "missing.npz: cannot be opened");
  expect_run_refused(model, folder.path(), "is a folder");
  expect_run_refused(model, folder.write("noise.npz", noise(3000)), "noise.npz");
  expect_run_refused(model, folder.write("noise.npy", noise(3000)), "noise.npy");
  const std::string whole = bytes_of(write_input(folder, "x", good));
  expect_run_refused(model, folder.write("cut.npz", whole.substr(0, whole.size() - 30)), "cut.npz");
}

TEST(Refusal, ArraysOfObjectsAreNeverUnpickled) {
  const TempFolder folder;
  const std::string model = folder.write("relu.onnx", one_node("Relu").bytes());
  std::string header = "{'descr': '|O', 'fortran_order': False, 'shape': (1, 2), }";
  header += std::string(118 - header.size() - 1, ' ') + "\n";
  const std::string npy = std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header + "\x80\x04.";
  expect_run_refused(model, folder.write("object.npy", npy), "object");
}

TEST(Refusal, AnIndexOutOfRangeAtTheRun) {
  const TempFolder folder;
  const std::string model = folder.write("gather.onnx", gather().bytes());
  expect_run_refused(model, write_input(folder, "i", longs({2})), "node 'look_up' (Gather-17)");
  expect_run_refused(model, write_input(folder, "i", longs({std::numeric_limits<Index>::min()})), "look_up");
  EXPECT_EQ(command({"run", model, "--input", write_input(folder, "i", longs({-2})), "--output", (folder / "y.npz").string()}).exit_code, 0);
}

TEST(Refusal, OutputsThatCannotBeWritten) {
  const TempFolder folder;
  const std::string model = folder.write("relu.onnx", one_node("Relu").bytes()), in = write_input(folder, "x", support::random_image({1, 2}));
  const auto run = [&](const std::string& out) { return command({"run", model, "--input", in, "--output", out}); };
  expect_refusal(run(folder / "missing" / "out.npz"), "No such file");
  expect_refusal(run(folder.path()), "no regular file");
  expect_refusal(run("/dev/full"), "no regular file");
  expect_refusal(run("/proc/out.npz"), "cannot be written");
  if (geteuid() == 0) return;  // root writes everywhere
  std::filesystem::create_directory(folder / "locked");
  std::filesystem::permissions(folder / "locked", std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  expect_refusal(run(folder / "locked" / "out.npz"), "Permission denied");
}

TEST(Refusal, WordsThatAreNoCommandOptionShapeOrInstructionSet) {
  const std::string model = kModels + "mnist5k_vit-s90.onnx";
  expect_refusal(command({}), "inspect, bench, explain, run, kernel, doctor, peer");
  expect_refusal(command({"frobnicate"}), "no command 'frobnicate'; there are inspect, bench");
  expect_refusal(command({"inspect"}), "tulle inspect --help");
  expect_refusal(command({"inspect", model, "--frob"}), "--frob");
  expect_refusal(command({"explain", model, "--threads", "0"}), "--threads");
  expect_refusal(command({"explain", model}), "'x' [batch, 1, 28, 28]; give their sizes, e.g. --shapes x:1x1x28x28");
  expect_refusal(command({"explain", model, "--shapes", "q:1x2"}), "no input 'q'");
  expect_refusal(command({"explain", model, "--shapes", "x:1x2"}), "the model wants [batch, 1, 28, 28]");
  expect_refusal(command({"explain", model, "--shapes", "x:ax1x28x28"}), "'a'");
  expect_refusal(command({"explain", model, "--shapes", "x:4611686018427387904x1x28x28"}), "does not fit 64 bits");
  expect_refusal(command({"explain", model, "--shapes", "x:99999999x1x28x28"}), "at most");
  expect_refusal(command({"explain", model, "--shapes", "x:1x1x28x28"}, {"TULLE_ISA=sse9"}), "TULLE_ISA: 'sse9' is no instruction set; want none, avx2");
  expect_refusal(command({"doctor"}, {"TULLE_ISA=sse9"}), "TULLE_ISA");
  expect_refusal(command({"explain", model, "--shapes", "x:1x1x28x28", "--against-plan", model}), "is no JSON");
}

TEST(Refusal, AStandardOutputThatIsFull) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  const Program::End end = Program({TULLE_PROGRAM, "inspect", kModels + "digits_mlp-s90.onnx"}, {}, full).wait();
  close(full);
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_SAYS(end.err, "No space left");
}

TEST(Refusal, AClosedPipe) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  close(ends[0]);
  const Program::End end = Program({TULLE_PROGRAM, "inspect", kModels + "digits_mlp-s90.onnx"}, {}, ends[1]).wait();
  close(ends[1]);
  EXPECT_EQ(end.exit_code, 2);
  EXPECT_SAYS(end.err, "Broken pipe");
}

TEST(Interrupt, LeavesNothingHalfWritten) {
  const TempFolder folder, out;
  OnnxModel m;  // 64 floats become 512 MB, so that there is time to interrupt their writing
  m.input("x", {1, 64});
  OnnxModel::integers(*m.graph().add_initializer(), {2}, {1'000'000, 2}).set_name("times");
  m.node("Tile", {"x", "times"}, {"y"});
  m.output("y");
  const std::string model = folder.write("tile.onnx", m.bytes()), in = write_input(folder, "x", support::random_image({1, 64}));
  for (const int signal : {SIGINT, SIGTERM}) {
    Program run({TULLE_PROGRAM, "run", model, "--input", in, "--output", (out / "y.npz").string()});
    for (int i = 0; i < 20000 && std::filesystem::is_empty(out.path()); ++i) usleep(500);
    EXPECT_FALSE(std::filesystem::is_empty(out.path()));
    run.send(signal);
    EXPECT_EQ(run.wait().exit_code, 130);
    EXPECT_TRUE(std::filesystem::is_empty(out.path()));
  }
}
