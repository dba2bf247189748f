// Some thousand damaged models, made from good ones in the same way every time: each must end in a graph or
// in one Error with a text of one line. What memory they touch is ASan's to see (preset asan).
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "io/onnx.hpp"
#include "support/onnx_model.hpp"
#include "support/temp_folder.hpp"
#include "tulle/error.hpp"

using namespace tulle;
using onnx::AttributeProto, onnx::TensorProto;
using test::OnnxModel;

namespace {
/// A small model with one of everything: raw and typed weights, a sparse one, constants, an If, a function.
OnnxModel everything() {
  OnnxModel m;
  onnx::OperatorSetIdProto& import = *m.proto.add_opset_import();
  import.set_domain("f");
  import.set_version(1);
  onnx::FunctionProto& f = *m.proto.add_functions();
  f.set_domain("f");
  f.set_name("twice");
  f.add_input("a");
  f.add_output("b");
  f.add_opset_import()->set_version(17);
  OnnxModel::fill(*f.add_node(), "Add", {"a", "a"}, {"b"});
  m.input("x", {1, 2});
  m.input("c", {}, TensorProto::BOOL);
  m.initializer("w", {2, 2}, {1, 2, 3, 4});
  TensorProto& raw = *m.graph().add_initializer();
  raw.set_name("bias");
  raw.set_data_type(TensorProto::FLOAT16);
  raw.add_dims(2);
  raw.set_raw_data("1234");
  onnx::SparseTensorProto& sparse = *m.graph().add_sparse_initializer();
  OnnxModel::floats(*sparse.mutable_values(), {2}, {8, 9}).set_name("s");
  OnnxModel::integers(*sparse.mutable_indices(), {2, 2}, {0, 1, 1, 0});
  sparse.add_dims(2), sparse.add_dims(2);
  onnx::AttributeProto& shape =
      OnnxModel::attribute(m.node("Constant", {}, {"shape"}), "value", AttributeProto::TENSOR);
  OnnxModel::integers(*shape.mutable_t(), {2}, {2, 1});
  OnnxModel::attribute(m.node("Gemm", {"x", "w", ""}, {"p"}), "alpha", AttributeProto::FLOAT).set_f(2);
  m.node("MatMul", {"p", "s"}, {"q"}).set_name("product");
  m.node("twice", {"q"}, {"r"}).set_domain("f");
  onnx::NodeProto& branch = m.node("If", {"c"}, {"t"});
  for (const char* name : {"then_branch", "else_branch"}) {
    onnx::GraphProto& g = *OnnxModel::attribute(branch, name, AttributeProto::GRAPH).mutable_g();
    OnnxModel::fill(*g.add_node(), "Relu", {"r"}, {"z"});
    g.add_output()->set_name("z");
  }
  m.node("Reshape", {"t", "shape"}, {"y"});
  m.output("y");
  return m;
}

/// The Error's text; "" when the bytes give a graph. Any other exception fails the test by passing through.
std::string outcome(const std::string& bytes) {
  return test::message_of<Error>([&] {
    io::ReadOptions options;
    options.most_grown_bytes = 1 << 24;
    io::parse_onnx(std::as_bytes(std::span(bytes)), {}, options);
  });
}

struct Damage {
  const char* name;
  std::function<void(OnnxModel&)> apply;
  const char* says;
};

TensorProto* weight(OnnxModel& m, int i) {
  return m.graph().mutable_initializer(i);
}
onnx::SparseTensorProto* sparse(OnnxModel& m) {
  return m.graph().mutable_sparse_initializer(0);
}
onnx::NodeProto* node(OnnxModel& m, int i) {
  return m.graph().mutable_node(i);
}
onnx::FunctionProto* function(OnnxModel& m) {
  return m.proto.mutable_functions(0);
}
onnx::TensorShapeProto_Dimension* declared_dim(OnnxModel& m, int d) {
  return m.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(d);
}

const Damage kDamages[] = {
    {"negative dimension", [](OnnxModel& m) { weight(m, 0)->set_dims(0, -2); }, "is negative"},
    {"dimensions too large", [](OnnxModel& m) { weight(m, 0)->set_dims(0, 1L << 40); }, "holds 4 values for"},
    {"product wraps", [](OnnxModel& m) { weight(m, 0)->set_dims(0, 1L << 62), weight(m, 0)->set_dims(1, 4); },
     "does not fit 64 bits"},
    {"bytes wrap",
     [](OnnxModel& m) {
       weight(m, 1)->set_dims(0, 1L << 62), weight(m, 1)->set_data_type(TensorProto::DOUBLE);
     },
     "does not fit 64 bits"},
    {"raw data short", [](OnnxModel& m) { weight(m, 1)->set_raw_data("123"); },
     "tensor 'bias': holds 3 bytes"},
    {"raw data long", [](OnnxModel& m) { weight(m, 1)->set_raw_data("12345"); }, "f16[2] takes 4"},
    {"raw and typed data", [](OnnxModel& m) { weight(m, 1)->add_int32_data(1); }, "raw data and a list"},
    {"typed data for another type", [](OnnxModel& m) { weight(m, 0)->set_data_type(TensorProto::INT64); },
     "holds 0 values"},
    {"unknown type", [](OnnxModel& m) { weight(m, 0)->set_data_type(77); }, "unknown type number 77"},
    {"type float8", [](OnnxModel& m) { weight(m, 0)->set_data_type(17); }, "float8e4m3fn"},
    {"negative type", [](OnnxModel& m) { weight(m, 0)->set_data_type(-1); }, "unknown type number -1"},
    {"segments", [](OnnxModel& m) { weight(m, 0)->mutable_segment()->set_begin(1); }, "in segments"},
    {"weight twice", [](OnnxModel& m) { weight(m, 1)->set_name("w"); }, "initializer 'w': is given twice"},
    {"weight without name", [](OnnxModel& m) { weight(m, 1)->clear_name(); }, "has no name"},
    {"input twice", [](OnnxModel& m) { m.graph().mutable_input(1)->set_name("x"); },
     "input 'x': is given twice"},
    {"output without name", [](OnnxModel& m) { m.graph().mutable_output(0)->clear_name(); }, "has no name"},
    {"output that nothing makes", [](OnnxModel& m) { m.graph().mutable_output(0)->set_name("gone"); },
     "'gone', which nothing makes"},
    {"input that nothing makes", [](OnnxModel& m) { node(m, 2)->set_input(0, "gone"); },
     "node 'product' (MatMul): reads 'gone', which nothing makes"},
    {"value made twice", [](OnnxModel& m) { node(m, 2)->set_output(0, "p"); }, "tensor 'p': is made twice"},
    {"weight made by a node", [](OnnxModel& m) { node(m, 2)->set_output(0, "w"); },
     "tensor 'w': is made twice"},
    {"cycle", [](OnnxModel& m) { node(m, 1)->set_input(0, "y"); }, "is part of a cycle"},
    {"self cycle", [](OnnxModel& m) { node(m, 2)->set_input(0, "q"); }, "is part of a cycle"},
    {"no operator", [](OnnxModel& m) { node(m, 2)->clear_op_type(); }, "names no operator"},
    {"attribute twice", [](OnnxModel& m) { *node(m, 1)->add_attribute() = m.graph().node(1).attribute(0); },
     "'alpha' twice"},
    {"reference outside a function",
     [](OnnxModel& m) { node(m, 1)->mutable_attribute(0)->set_ref_attr_name("k"); }, "is in no function"},
    {"attribute of types",
     [](OnnxModel& m) { node(m, 1)->mutable_attribute(0)->set_type(AttributeProto::TYPE_PROTO); },
     "is of kind TYPE_PROTO"},
    {"attribute of nothing", [](OnnxModel& m) { node(m, 1)->mutable_attribute(0)->Clear(); },
     "is of kind UNDEFINED"},
    {"constant of nothing", [](OnnxModel& m) { node(m, 0)->clear_attribute(); }, "0 attributes"},
    {"domain not imported", [](OnnxModel& m) { node(m, 2)->set_domain("com.acme"); }, "'com.acme'"},
    {"declared dimension negative", [](OnnxModel& m) { declared_dim(m, 0)->set_dim_value(-7); },
     "dimension -7 is negative"},
    {"declared shape wraps",
     [](OnnxModel& m) {
       for (int d : {0, 1}) declared_dim(m, d)->set_dim_value(1L << 40);
     },
     "does not fit 64 bits"},
    {"input that is a sequence",
     [](OnnxModel& m) { m.graph().mutable_input(0)->mutable_type()->mutable_sequence_type(); },
     "input 'x': is a sequence"},
    {"input of strings",
     [](OnnxModel& m) {
       m.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(8);
     },
     "has type string"},
    {"sparse without indices", [](OnnxModel& m) { sparse(m)->clear_indices(); }, "lacks values or indices"},
    {"sparse with real indices",
     [](OnnxModel& m) {
       OnnxModel::floats(*sparse(m)->mutable_indices(), {2}, {1, 2}).clear_int64_data();
     },
     "tensor ''"},
    {"sparse values of rank 2", [](OnnxModel& m) { sparse(m)->mutable_values()->add_dims(1); },
     "one dimension is wanted"},
    {"external data without location",
     [](OnnxModel& m) {
       weight(m, 0)->clear_float_data();
       weight(m, 0)->set_data_location(TensorProto::EXTERNAL);
     },
     "external data"},
    {"external and internal data",
     [](OnnxModel& m) { weight(m, 0)->set_data_location(TensorProto::EXTERNAL); }, "points to external data"},
    {"call with too many inputs", [](OnnxModel& m) { node(m, 3)->add_input("q"); },
     "has 2 inputs and 1 outputs"},
    {"call with a graph", [](OnnxModel& m) { *node(m, 3)->add_attribute() = m.graph().node(4).attribute(0); },
     "gives a graph to a function"},
    {"function twice",
     [](OnnxModel& m) { *m.proto.add_functions() = onnx::FunctionProto(m.proto.functions(0)); },
     "is given twice"},
    {"function that calls itself",
     [](OnnxModel& m) {
       function(m)->mutable_node(0)->set_domain("f"), function(m)->mutable_node(0)->set_op_type("twice"),
           function(m)->mutable_node(0)->clear_input();
     },
     "within itself"},
    {"function without its output",
     [](OnnxModel& m) { function(m)->mutable_node(0)->set_output(0, "other"); },
     "reads 'b', which nothing makes"},
    {"function of unknown opset",
     [](OnnxModel& m) { function(m)->mutable_opset_import(0)->set_version(999); }, "opset 999"},
    {"no opset", [](OnnxModel& m) { m.proto.clear_opset_import(); }, "imports no operator set"},
    {"opset below 0", [](OnnxModel& m) { m.proto.mutable_opset_import(0)->set_version(-1); }, "opset -1"},
    {"opset of another domain", [](OnnxModel& m) { m.proto.mutable_opset_import(1)->set_version(1L << 40); },
     "is no version"},
    {"no graph", [](OnnxModel& m) { m.proto.clear_graph(); }, "has no graph"},
    {"no IR version", [](OnnxModel& m) { m.proto.clear_ir_version(); }, "IR version 0"},
};
}  // namespace

TEST(DamagedOnnx, TheGoodModelIsRead) {
  EXPECT_EQ(outcome(everything().bytes()), "");
}

TEST(DamagedOnnx, EachDamageIsRefusedWithItsReasonInOneLine) {
  for (const Damage& damage : kDamages) {
    OnnxModel m = everything();
    damage.apply(m);
    const std::string message = outcome(m.bytes());
    EXPECT_SAYS(message, damage.says) << " for: " << damage.name;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(DamagedOnnx, CutAnywhere) {
  const std::string good = everything().bytes();
  for (std::size_t cut = 0; cut < good.size(); ++cut) outcome(good.substr(0, cut));
  EXPECT_SAYS(outcome(""), "is empty");
  EXPECT_SAYS(outcome(good.substr(0, good.size() - 1)), "damaged or cut short");
}

TEST(DamagedOnnx, FlippedBitsAnywhere) {
  const std::string good = everything().bytes();
  for (std::size_t at = 0; at < good.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      outcome(bad);
    }
}

TEST(DamagedOnnx, RandomBytesSetCutAndRepeated) {
  const std::string good = everything().bytes();
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string bad = good;
    for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits) {
      const std::size_t at = random() % bad.size(),
                        length = std::min<std::size_t>(random() % 16, bad.size() - at);
      switch (random() % 4) {
        case 0:
          bad[at] = static_cast<char>(random());
          break;
        case 1:
          bad.erase(at, length);
          break;
        case 2:
          bad.insert(at, bad.substr(at, length));
          break;
        case 3:
          bad.replace(at, length, std::string(length, '\xff'));
          break;
      }
      if (bad.empty()) bad = good;
    }
    outcome(bad);
  }
}

TEST(DamagedOnnx, NumbersAtTheirLimits) {  // every integer of the model's text form, one after the other
  const OnnxModel good = everything();
  const auto spoil_all = [&](auto pick, std::initializer_list<long> values) {
    for (const long value : values) {
      OnnxModel m = good;
      pick(m, value);
      outcome(m.bytes());
    }
  };
  const auto limits = {0L,         1L, -1L, 3L, 1L << 31, -(1L << 31), 1L << 32, 1L << 62, (1L << 62) * -2,
                       ~(1L << 63)};
  for (int t : {0, 1})
    spoil_all([&](OnnxModel& m, long v) { m.graph().mutable_initializer(t)->set_dims(0, v); }, limits);
  for (int t : {0, 1})
    spoil_all(
        [&](OnnxModel& m, long v) { m.graph().mutable_initializer(t)->set_data_type(static_cast<int>(v)); },
        limits);
  for (int d : {0, 1})
    spoil_all([&](OnnxModel& m, long v) { m.graph().mutable_sparse_initializer(0)->set_dims(d, v); }, limits);
  for (int i : {0, 1, 2, 3})
    spoil_all(
        [&](OnnxModel& m, long v) {
          m.graph().mutable_sparse_initializer(0)->mutable_indices()->set_int64_data(i, v);
        },
        limits);
  spoil_all([](OnnxModel& m, long v) { m.proto.set_ir_version(v); }, limits);
  spoil_all([](OnnxModel& m, long v) { m.proto.mutable_opset_import(0)->set_version(v); }, limits);
}

TEST(DamagedOnnx, OtherKindsOfFilesAreNamed) {
  const std::pair<std::string, const char*> files[] = {
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git-lfs pointer"},
      {"<!DOCTYPE html><html></html>", "HTML"},
      {std::string("PK\x03\x04") + std::string(60, 'x'), "zip archive"},
      {std::string("\xFD") + "7zXZ" + std::string(60, '\0'), "xz archive"},
      {"{\"a\": 1}", "JSON"},
      {std::string("\x10\0\0\0\0\0\0\0{\"__metadata__\"", 24), "safetensors"},
      {std::string(300, '\xff'), "damaged or cut short"},
      {std::string(11, '\x80'), "damaged or cut short"},
      {std::string(40, '\0'), "damaged or cut short"},
      {"just some words", "no ONNX model"}};
  for (const auto& [bytes, says] : files) EXPECT_SAYS(outcome(bytes), says);
}

TEST(DamagedOnnx, DeepNestingIsRefused) {
  std::string bytes;  // graph { node { attribute { g { node ... } } } }
  const auto wrap = [&](char tag) {
    const std::size_t n = bytes.size();
    const auto seven = [&](int shift) {
      return static_cast<char>((n >> shift & 127) | (shift < 14 ? 128 : 0));
    };
    bytes = std::string{tag, seven(0), seven(7), seven(14)} + bytes;
  };
  for (int level = 0; level < 5000; ++level) wrap("\x2a\x0a\x32"[level % 3]);
  wrap('\x3a');
  bytes = "\x08\x08" + bytes;
  EXPECT_SAYS(outcome(bytes), "damaged or cut short");
}

TEST(DamagedOnnx, OddButLegalModelsAreRead) {
  OnnxModel m = everything();
  m.proto.GetReflection()->MutableUnknownFields(&m.proto)->AddVarint(1234, 5);
  m.graph().mutable_initializer(0)->set_float_data(0, std::nanf(""));
  m.graph().mutable_node(2)->set_name("a\x1b[31m\nb");
  std::string last = "y";
  for (int i = 0; i < 20000; ++i) {
    const std::string next = "n" + std::to_string(i);
    m.node("Relu", {last.c_str()}, {next.c_str()});
    last = next;
  }
  EXPECT_EQ(outcome(m.bytes()), "");
}
