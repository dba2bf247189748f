// What a session promises to its callers: names and types are checked, answers have the same bits whoever runs it,
// plans are kept, and one thread's shapes don't disturb another's.
#include <gtest/gtest.h>
#include <cstring>
#include <thread>
#include "lab/inputs.hpp"
#include "lab/profile.hpp"
#include "runtime/session.hpp"
#include "support/onnx_model.hpp"
#include "support/random_input.hpp"
#include "support/temp_folder.hpp"
#include "support/tsan.hpp"

using namespace tulle;
using support::random_image;
using test::message_of, test::OnnxModel, test::TempFolder;

namespace {
const std::filesystem::path kModels = std::filesystem::path(TULLE_SOURCE_DIR) / "models";

Model model(const char* file) { return Model::load(kModels / file); }

Model load(const OnnxModel& m) {
  const TempFolder folder;
  return Model::load(folder.write("m.onnx", m.bytes()));
}

/// x: f32[n, 64] -> the ten digits' scores.
Tensor digits(Session& session, const Tensor& x) {
  const NamedInput in{"x", x.view()};
  Tensor y(session.output_types({&in, 1}).at(0));
  const NamedOutput out{"gemm_2", {y.type(), y.mutable_data()}};
  session.run({&in, 1}, {&out, 1});
  return y;
}

Tensor only_output(Session& session, const Tensor& x) {
  const NamedInput in{"x", x.view()};
  return session.impl().run_all({&in, 1}).at(0);
}

::testing::AssertionResult same_bits(const Tensor& a, const Tensor& b) {
  if (!(a.type() == b.type())) return ::testing::AssertionFailure() << to_string(a.shape()) << " against " << to_string(b.shape());
  if (std::memcmp(a.data(), b.data(), a.size_bytes()) != 0) return ::testing::AssertionFailure() << "other bits";
  return ::testing::AssertionSuccess();
}

bool kept(Session& session, const Tensor& x) {
  const NamedInput in{"x", x.view()};
  return session.impl().find(Session::Impl::Ordered(session.impl().model, {&in, 1})).entry != nullptr;
}

/// Two outputs: y = relu(x), z = x + x; x: f32[n, 3].
OnnxModel two_outputs() {
  OnnxModel m;
  m.input("x", {0, 3}).mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_param("n");
  m.node("Relu", {"x"}, {"y"});
  m.node("Add", {"x", "x"}, {"z"});
  m.output("y");
  m.output("z");
  return m;
}
}  // namespace

TEST(Session, ManyThreadsWithDifferentShapesGiveTheSerialBits) {
  Session session(model("mnist5k_cnn-s90.onnx"));
  std::vector<Tensor> inputs, wanted;
  for (Index n : {1, 2, 3, 5}) {
    inputs.push_back(random_image({n, 1, 28, 28}, static_cast<unsigned>(n)));
    wanted.push_back(only_output(session, inputs.back()));
  }
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < 20; ++i) {
        const unsigned which = (t + i) % 4;
        wrong += !same_bits(only_output(session, inputs[which]), wanted[which]);
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Session, ThreadsThatNeedTheSameNewPlanGetOne) {
  Session session(model("digits_mlp-s90.onnx"));
  std::vector<Tensor> outputs(4);
  const Tensor x = random_image({7, 64});
  std::vector<std::thread> threads;
  for (Tensor& out : outputs) threads.emplace_back([&] { out = only_output(session, x); });
  for (std::thread& t : threads) t.join();
  for (const Tensor& out : outputs) EXPECT_TRUE(same_bits(out, outputs[0]));
}

// One plan, run with other numbers of threads; same_bits_test.cpp compares plans.
static void expect_same_bits_for_any_threads(const char* file, Index images, bool slices_are_shared) {
  const Model m = model(file);
  Session session(m, {.threads = 3});
  const lab::Inputs inputs{{"x", random_image({images, 1, 28, 28})}};
  const runtime::Prepared& p = lab::prepared(session, inputs);
  ASSERT_TRUE(p.plan) << file;
  std::vector<Tensor> answers;
  for (int threads : {1, 1, 2, 3}) {
    ASSERT_EQ(p.shares_slices(threads), slices_are_shared && threads > 1) << p.slices << " slices";
    answers.emplace_back(p.output_types[0]);
    const void* in[] = {inputs[0].second.data()};
    void* out[] = {answers.back().mutable_data()};
    p.run(in, out, threads);
    EXPECT_TRUE(same_bits(answers.back(), answers[0])) << file << " with " << threads << " threads";
  }
}

TEST(Session, OnePlanGivesTheSameBitsForAnyNumberOfThreads) {
  SKIP_UNDER_TSAN();
  for (const char* file : {"mnist5k_vit-s90.onnx", "mnist5k_cnn-s90.onnx"})
    expect_same_bits_for_any_threads(file, 5, false);
}

TEST(Session, ThreadsThatTakeWholeSlicesGiveTheSameBits) {
  SKIP_UNDER_TSAN();
  expect_same_bits_for_any_threads("mnist5k_vit-s90.onnx", 48, true);
}

TEST(Session, AnErrorInOneThreadsSliceReachesTheCaller) {
  SKIP_UNDER_TSAN();
  OnnxModel m;
  m.initializer("table", {2, 16}, std::vector<float>(32, 0.5f));
  m.initializer("w", {16, 16}, std::vector<float>(256, 0.25f));
  m.input("i", {16, 64}, onnx::TensorProto::INT64);
  m.node("Gather", {"table", "i"}, {"x"}).set_name("rows");
  m.node("MatMul", {"x", "w"}, {"y"});
  m.output("y");
  Session session(load(m), {.threads = 2});
  std::vector<Index> ids(16 * 64, 1);
  const NamedInput in{"i", {{DType::i64, {16, 64}}, ids.data()}};
  std::vector<float> y(16 * 64 * 16);
  const NamedOutput out{"y", {{DType::f32, {16, 64, 16}}, y.data()}};
  session.run({&in, 1}, {&out, 1});
  ASSERT_TRUE(session.impl().find(Session::Impl::Ordered(session.impl().model, {&in, 1})).entry->prepared->shares_slices(2));
  ids.back() = 2;
  EXPECT_SAYS(message_of<Error>([&] { session.run({&in, 1}, {&out, 1}); }), "node 'rows' (Gather-17)");
  ids.back() = 0;
  session.run({&in, 1}, {&out, 1});
  EXPECT_EQ(y.back(), 2);
}

TEST(Session, PlansAgainForNewShapesAndForgetsTheOneLeastLatelyUsed) {
  Session session(model("digits_mlp-s90.onnx"));
  constexpr Index kKept = Session::Impl::kKept;
  const auto input = [](Index n) { return random_image({n, 64}, static_cast<unsigned>(n)); };
  const Tensor first = digits(session, input(1)), second = digits(session, input(2));
  for (Index n = 3; n <= kKept; ++n) digits(session, input(n));
  EXPECT_TRUE(kept(session, input(2)));
  digits(session, input(1));          // so that 2 is the oldest but for the check above; look at 1 and 2 again:
  EXPECT_TRUE(kept(session, input(2)));
  digits(session, input(kKept + 1));  // takes the place of 3
  EXPECT_FALSE(kept(session, input(3)));
  EXPECT_TRUE(kept(session, input(1)));
  EXPECT_TRUE(same_bits(digits(session, input(1)), first));
  EXPECT_TRUE(same_bits(digits(session, input(2)), second));
  EXPECT_EQ(digits(session, input(3)).shape(), (Shape{3, 10}));
}

TEST(Session, GivesTheOutputsThatTheCallerNames) {
  Session session(load(two_outputs()));
  const Tensor x = Tensor::of<float>(DType::f32, {1, 3}, std::vector<float>{-1, 2, -3});
  const NamedInput in{"x", x.view()};
  std::vector<float> y(3, 7), z(3, 7);
  const NamedOutput only_z{"z", {{DType::f32, {1, 3}}, z.data()}};
  session.run({&in, 1}, {&only_z, 1});
  EXPECT_EQ(z, (std::vector<float>{-2, 4, -6}));
  const NamedOutput both[] = {{"z", {{DType::f32, {1, 3}}, z.data()}}, {"y", {{DType::f32, {1, 3}}, y.data()}}};
  session.run({&in, 1}, both);
  EXPECT_EQ(y, (std::vector<float>{0, 2, 0}));
  session.run({&in, 1}, {});
}

TEST(Session, RefusesWrongNamesTypesAndShapesInOneLine) {
  Session session(load(two_outputs()));
  std::vector<float> data(6);
  std::vector<Index> longs(6);
  const TensorView x{{DType::f32, {2, 3}}, data.data()};
  const MutableTensorView y{{DType::f32, {2, 3}}, data.data()};
  const auto says = [&](std::vector<NamedInput> in, std::vector<NamedOutput> out, const char* part) {
    const std::string message = message_of<Error>([&] { session.run(in, out); });
    EXPECT_SAYS(message, part);
    EXPECT_EQ(message.find('\n'), std::string::npos);
  };
  says({{"q", x}}, {}, "input 'q': is no input of the model; it has 'x'");
  says({}, {}, "input 'x': is missing");
  says({{"x", x}, {"x", x}}, {}, "input 'x': is given twice");
  says({{"x", {{DType::i64, {2, 3}}, longs.data()}}}, {}, "input 'x': is i64; want f32");
  says({{"x", {{DType::f32, {2, 3}}, nullptr}}}, {}, "input 'x': has no data");
  says({{"x", {{DType::f32, {2, 4}}, data.data()}}}, {}, "x");
  says({{"x", {{DType::f32, {6}}, data.data()}}}, {}, "x");
  says({{"x", {{DType::f32, {-2, 3}}, data.data()}}}, {}, "-2");
  says({{"x", {{DType::f32, {Index{1} << 62, 3}}, data.data()}}}, {}, "x");
  says({{"x", x}}, {{"q", y}}, "output 'q': is no output of the model; it has 'y', 'z'");
  says({{"x", x}}, {{"y", {{DType::f32, {3, 2}}, data.data()}}}, "output 'y': memory is f32[3, 2]; want f32[2, 3]");
  says({{"x", x}}, {{"y", {{DType::i32, {2, 3}}, data.data()}}}, "output 'y': memory is i32[2, 3]; want f32[2, 3]");
  says({{"x", x}}, {{"y", {{DType::f32, {2, 3}}, nullptr}}}, "output 'y': has no memory");
  EXPECT_THROW(Session(load(two_outputs()), {.threads = 0}), Error);
}

TEST(Session, ModelsWhoseTypesDependOnDataRunAndAreCheckedToo) {
  OnnxModel m;
  m.input("x", {4});
  m.node("NonZero", {"x"}, {"y"});
  m.output("y");
  Session session(load(m));
  const Tensor x = Tensor::of<float>(DType::f32, {4}, std::vector<float>{0, 5, 0, 6});
  const NamedInput in{"x", x.view()};
  EXPECT_EQ(session.output_types({&in, 1}).at(0), (TensorType{DType::i64, {1, 2}}));
  Index y[2] = {};
  const NamedOutput out{"y", {{DType::i64, {1, 2}}, y}}, small{"y", {{DType::i64, {1, 1}}, y}};
  session.run({&in, 1}, {&out, 1});
  EXPECT_EQ(y[0], 1);
  EXPECT_EQ(y[1], 3);
  EXPECT_SAYS(message_of<Error>([&] { session.run({&in, 1}, {&small, 1}); }), "memory is i64[1, 1]; want i64[1, 2]");
}

TEST(Session, AnIndexOutOfRangeIsRefusedAndTheSessionGoesOn) {
  OnnxModel m;
  m.initializer("w", {2, 2}, {1, 2, 3, 4});
  m.input("i", {1}, onnx::TensorProto::INT64);
  m.node("Gather", {"w", "i"}, {"y"}).set_name("rows");
  m.output("y");
  Session session(load(m));
  const Index bad = 2, good = 1;
  float y[2] = {};
  const NamedOutput out{"y", {{DType::f32, {1, 2}}, y}};
  const auto run = [&](const Index& i) {
    const NamedInput in{"i", {{DType::i64, {1}}, &i}};
    session.run({&in, 1}, {&out, 1});
  };
  EXPECT_SAYS(message_of<Error>([&] { run(bad); }), "node 'rows' (Gather-17)");
  run(good);
  EXPECT_EQ(y[0], 3);
}
