// Models damaged in the same way every time, all the way: read, planned, run. Each must end in answers or in one Error
// of one line, within the limits of time and memory. What memory they touch is ASan's to see (preset asan).
#include <gtest/gtest.h>
#include <google/protobuf/reflection.h>
#include <sys/resource.h>
#include <chrono>
#include <functional>
#include <random>
#include <sstream>
#include "lab/inputs.hpp"
#include "runtime/session.hpp"
#include "support/onnx_model.hpp"
#include "support/temp_folder.hpp"

using namespace tulle;
using google::protobuf::FieldDescriptor, google::protobuf::Message;
using onnx::AttributeProto, onnx::TensorProto;
using test::OnnxModel;

namespace {
constexpr double kMostSeconds = 10;
constexpr Index kMostInputs = 1 << 20;  // a damaged input may be larger than any use of it

void ints(onnx::NodeProto& node, const char* name, std::initializer_list<long> values) {
  AttributeProto& a = OnnxModel::attribute(node, name, AttributeProto::INTS);
  for (long v : values) a.add_ints(v);
}
void one_int(onnx::NodeProto& node, const char* name, long value) { OnnxModel::attribute(node, name, AttributeProto::INT).set_i(value); }

std::vector<float> numbers(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = i % 3 ? 0.0f : 0.1f * static_cast<float>(i % 17) - 0.7f;
  return values;
}

/// Convolution, pooling, normalization, a product: the layouts of images.
OnnxModel image_model() {
  OnnxModel m;
  m.input("x", {1, 3, 9, 9});
  m.initializer("w", {8, 3, 3, 3}, numbers(216));
  m.initializer("b", {8}, numbers(8));
  for (const char* name : {"scale", "shift", "mean"}) m.initializer(name, {8}, numbers(8));
  m.initializer("var", {8}, std::vector<float>(8, 1));
  m.initializer("depth", {8, 1, 3, 3}, numbers(72));
  m.initializer("fc", {8, 5}, numbers(40));
  onnx::NodeProto& conv = m.node("Conv", {"x", "w", "b"}, {"c"});
  ints(conv, "pads", {1, 1, 1, 1});
  ints(conv, "strides", {2, 2});
  m.node("BatchNormalization", {"c", "scale", "shift", "mean", "var"}, {"n"});
  m.node("Relu", {"n"}, {"r"});
  onnx::NodeProto& each = m.node("Conv", {"r", "depth"}, {"d"});
  one_int(each, "group", 8);
  ints(each, "pads", {1, 1, 1, 1});
  m.node("Add", {"d", "r"}, {"a"});
  onnx::NodeProto& pool = m.node("MaxPool", {"a"}, {"p"});
  ints(pool, "kernel_shape", {2, 2});
  m.node("GlobalAveragePool", {"p"}, {"g"});
  one_int(m.node("Flatten", {"g"}, {"f"}), "axis", 1);
  m.node("MatMul", {"f", "fc"}, {"y"});
  m.output("y");
  return m;
}

/// Look-up, attention, a layer norm, shapes computed by nodes.
OnnxModel text_model() {
  OnnxModel m;
  m.input("ids", {1, 4}, TensorProto::INT64);
  m.initializer("table", {100, 8}, numbers(800));
  for (const char* name : {"wq", "wk", "wv"}) m.initializer(name, {8, 8}, numbers(64));
  m.initializer("scale", {8}, numbers(8));
  m.initializer("root", {1}, {2.8f});
  const auto constant = [&](const char* name, const std::vector<long>& values) {
    OnnxModel::integers(*m.graph().add_initializer(), {static_cast<long>(values.size())}, values).set_name(name);
  };
  constant("heads", {0, 0, 2, 4});
  constant("flat", {0, 0, 8});
  m.node("Gather", {"table", "ids"}, {"e"});
  for (const char* one : {"q", "k", "v"}) {
    const std::string s = one, w = "w" + s, made = s + "0", split = s + "1";
    m.node("MatMul", {"e", w.c_str()}, {made.c_str()});
    m.node("Reshape", {made.c_str(), "heads"}, {split.c_str()});
    ints(m.node("Transpose", {split.c_str()}, {one}), "perm", s == "k" ? std::initializer_list<long>{0, 2, 3, 1} : std::initializer_list<long>{0, 2, 1, 3});
  }
  m.node("MatMul", {"q", "k"}, {"s"});
  m.node("Div", {"s", "root"}, {"t"});
  one_int(m.node("Softmax", {"t"}, {"u"}), "axis", -1);
  m.node("MatMul", {"u", "v"}, {"o"});
  ints(m.node("Transpose", {"o"}, {"o1"}), "perm", {0, 2, 1, 3});
  m.node("Reshape", {"o1", "flat"}, {"o2"});
  m.node("Add", {"o2", "e"}, {"z"});
  one_int(m.node("LayerNormalization", {"z", "scale"}, {"y"}), "axis", -1);
  m.output("y");
  return m;
}

/// Operators that choose their output's size: slices, tiles, pads, top-k, a recurrence.
OnnxModel shape_model() {
  OnnxModel m;
  m.input("x", {5, 1, 4});
  const auto constant = [&](const char* name, const std::vector<long>& values) {
    OnnxModel::integers(*m.graph().add_initializer(), {static_cast<long>(values.size())}, values).set_name(name);
  };
  constant("start", {1}), constant("end", {4}), constant("axes", {0}), constant("steps", {2});
  constant("times", {1, 2, 1}), constant("pads", {0, 1, 0, 1, 0, 0}), constant("k", {3}), constant("shape", {2, 3, 4});
  m.initializer("w", {1, 9, 4}, numbers(36));
  m.initializer("r", {1, 9, 3}, numbers(27));
  onnx::NodeProto& gru = m.node("GRU", {"x", "w", "r"}, {"h"});
  one_int(gru, "hidden_size", 3);
  m.node("Slice", {"x", "start", "end", "axes", "steps"}, {"s"});
  m.node("Tile", {"s", "times"}, {"t"});
  m.node("Pad", {"t", "pads"}, {"p"});
  m.node("TopK", {"p", "k"}, {"v", "i"});
  m.node("Expand", {"k", "shape"}, {"e"});
  m.node("ReduceSum", {"e"}, {"y"});
  for (const char* name : {"h", "v", "i", "y"}) m.output(name);
  return m;
}

/// The vision transformer that the project carries.
OnnxModel trained_model() {
  static const std::string bytes = [] {
    std::stringstream all;
    all << std::ifstream(TULLE_SOURCE_DIR "/models/mnist5k_vit-s90.onnx", std::ios::binary).rdbuf();
    return all.str();
  }();
  OnnxModel m;
  m.proto.ParseFromString(bytes);
  m.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_value(2);
  return m;
}

/// Every scalar of the message as a function that spoils it with a number.
void collect(Message& m, std::vector<std::function<void(std::int64_t)>>& spoilers) {
  const auto* reflection = m.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(m, &fields);
  for (const FieldDescriptor* f : fields) {
    const int count = f->is_repeated() ? reflection->FieldSize(m, f) : 1;
    for (int i = 0; i < count; i += 1 + count / 8) {  // a few of many weights
      const bool many = f->is_repeated();
      switch (f->cpp_type()) {
        case FieldDescriptor::CPPTYPE_MESSAGE:
          collect(many ? *reflection->MutableRepeatedMessage(&m, f, i) : *reflection->MutableMessage(&m, f), spoilers);
          break;
        case FieldDescriptor::CPPTYPE_INT64:
          spoilers.push_back([=, &m](std::int64_t v) { many ? reflection->SetRepeatedInt64(&m, f, i, v) : reflection->SetInt64(&m, f, v); });
          break;
        case FieldDescriptor::CPPTYPE_INT32:
          spoilers.push_back([=, &m](std::int64_t v) {
            many ? reflection->SetRepeatedInt32(&m, f, i, static_cast<int>(v)) : reflection->SetInt32(&m, f, static_cast<int>(v));
          });
          break;
        case FieldDescriptor::CPPTYPE_FLOAT:
          spoilers.push_back([=, &m](std::int64_t v) {
            many ? reflection->SetRepeatedFloat(&m, f, i, static_cast<float>(v)) : reflection->SetFloat(&m, f, static_cast<float>(v));
          });
          break;
        case FieldDescriptor::CPPTYPE_STRING:
          spoilers.push_back([=, &m](std::int64_t v) {
            const std::string text = v % 2 ? "x" : "";
            many ? reflection->SetRepeatedString(&m, f, i, text) : reflection->SetString(&m, f, text);
          });
          break;
        default:
          break;
      }
    }
    if (f->is_repeated() && count > 0) spoilers.push_back([=, &m](std::int64_t) { reflection->RemoveLast(&m, f); });
  }
}

/// Reads, plans and runs; what the Error says, or "".
std::string outcome(const std::filesystem::path& file) {
  return test::message_of<Error>([&] {
    const Model model = Model::load(file);
    Index elements = 0;
    for (const TensorInfo& info : model.inputs())
      for (Index count = 1; Index d : info.shape) elements = std::max(elements, count = checked_mul(count, std::max<Index>(d, 1)));
    if (elements > kMostInputs) return;
    const lab::Inputs inputs = lab::random_inputs(model, {});
    Session session(model);
    session.impl().run_all(lab::views(inputs));
  });
}

struct Tally {
  int ran = 0, refused = 0;
};

Tally damage(OnnxModel (*make)(), unsigned seed, int files, int most_damages) {
  const std::int64_t limits[] = {0, 1, -1, 2, 3, 7, -3, 100, 65536, 1L << 31, -(1L << 31), 1L << 32, 1L << 62, std::numeric_limits<long>::max(), std::numeric_limits<long>::min()};
  const test::TempFolder folder;
  std::mt19937 random(seed);
  Tally tally;
  for (int i = 0; i < files; ++i) {
    OnnxModel m = make();
    for (unsigned n = 1 + random() % static_cast<unsigned>(most_damages); n > 0; --n) {
      std::vector<std::function<void(std::int64_t)>> spoilers;
      collect(m.proto, spoilers);
      spoilers[random() % spoilers.size()](limits[random() % std::size(limits)]);
    }
    const auto start = std::chrono::steady_clock::now();
    const std::string message = outcome(folder.write("m.onnx", m.bytes()));
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    EXPECT_LT(seconds, kMostSeconds) << "seed " << seed << ", file " << i << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    ++(message.empty() ? tally.ran : tally.refused);
  }
  return tally;
}
}  // namespace

class DamagedModel : public testing::TestWithParam<OnnxModel (*)()> {};
INSTANTIATE_TEST_SUITE_P(Models, DamagedModel, testing::Values(image_model, text_model, shape_model, trained_model));

TEST_P(DamagedModel, TheGoodOneRuns) {
  const test::TempFolder folder;
  EXPECT_EQ(outcome(folder.write("m.onnx", GetParam()().bytes())), "");
}

TEST_P(DamagedModel, RunsOrIsRefused) {
  const auto seed = static_cast<unsigned>(GTEST_FLAG_GET(random_seed));  // --gtest_random_seed=7 makes other files
  const Tally tally = damage(GetParam(), seed, 150, 2);
  EXPECT_GT(tally.ran, 3);  // damage that nothing notices: values of weights, names
  EXPECT_GT(tally.refused, 30);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  EXPECT_LT(usage.ru_maxrss, 4L << 20) << "KiB at most";
}
