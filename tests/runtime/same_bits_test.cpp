// Sessions planned apart, with other kernels, threads or instruction sets, give the same bits: the promise of
// tulle/model.hpp.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <random>

#include "core/cpu.hpp"
#include "runtime/session.hpp"
#include "support/onnx_model.hpp"
#include "support/random_input.hpp"
#include "support/temp_folder.hpp"
#include "support/tsan.hpp"

using namespace tulle;
using test::OnnxModel, test::TempFolder;

namespace {
/// TULLE_ISA for as long as it lives; what was there before is put back.
class Isa {
 public:
  explicit Isa(const char* name) {
    if (const char* old = std::getenv("TULLE_ISA")) before_ = old;
    setenv("TULLE_ISA", name, 1);
  }
  Isa(const Isa&) = delete;
  ~Isa() {
    if (before_.empty())
      unsetenv("TULLE_ISA");
    else
      setenv("TULLE_ISA", before_.c_str(), 1);
  }

 private:
  std::string before_;
};

std::vector<Tensor> answers(const Model& model, const Tensor& x, const SessionOptions& options) {
  Session session(model, options);
  const NamedInput in{model.inputs()[0].name, x.view()};
  return session.impl().run_all({&in, 1});
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.type() == b.type() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

void expect_same_bits(const Model& model, const Tensor& x) {
  SCOPED_TRACE("x: " + to_string(x.shape()));
  if (!contains(cpu_features(), Features::avx2))
    GTEST_SKIP() << "only references run, and those may sum in f64";
  const std::vector<Tensor> wanted = answers(model, x, {});
  struct Plan {
    const char* isa;
    bool sparse;
    int threads;
  };
  for (const Plan& p : {Plan{"native", false, 2}, {"avx2", true, 2}, {"avx2", false, 1}}) {
    const Isa lowered(p.isa);
    const std::vector<Tensor> got = answers(model, x, {.threads = p.threads, .sparse = p.sparse});
    for (std::size_t i = 0; i < wanted.size(); ++i)
      EXPECT_TRUE(same_bits(got[i], wanted[i]))
          << "output " << i << ", " << p.isa << ", sparse " << p.sparse << ", " << p.threads << " threads";
  }
}

Model carried(const char* file) {
  return Model::load(std::filesystem::path(TULLE_SOURCE_DIR) / "models" / file);
}

/// Normal weights, nine in ten of them zero.
std::vector<float> weights(std::size_t count, unsigned seed) {
  std::mt19937 bits(seed);
  std::normal_distribution<float> normal;
  std::vector<float> all(count);
  for (float& w : all) w = bits() % 10 ? 0 : normal(bits);
  return all;
}
}  // namespace

TEST(SameBits, OfCarriedModelsHoweverTheyArePlanned) {
  SKIP_UNDER_TSAN();
  for (const Index n : {1, 20})
    expect_same_bits(carried("digits_mlp-s90.onnx"), support::random_image({n, 64}));
  expect_same_bits(carried("mnist5k_cnn-s90.onnx"), support::random_image({3, 1, 28, 28}));
  expect_same_bits(carried("mnist5k_vit-s90.onnx"), support::random_image({20, 1, 28, 28}));
}

// Up to eight vectors go row-major or in panels, as the clock decides; what reads them must not care.
TEST(SameBits, OfWhatReadsAFewVectors) {
  SKIP_UNDER_TSAN();
  OnnxModel m;
  m.initializer("w1", {300, 200}, weights(60'000, 1));
  m.initializer("w2", {200, 70}, weights(14'000, 2));
  m.initializer("slope", {200}, weights(200, 3));
  m.initializer("third", {1}, {3});
  m.input("x", {0, 300})
      .mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(0)
      ->set_dim_param("n");
  m.node("MatMul", {"x", "w1"}, {"a"});
  m.node("Sigmoid", {"a"}, {"b"});
  m.node("Tanh", {"a"}, {"c"});
  m.node("Div", {"a", "third"}, {"d"});
  m.node("Mul", {"a", "slope"}, {"e"});
  m.node("Softmax", {"a"}, {"f"});
  m.node("PRelu", {"a", "slope"}, {"g"});
  m.node("Mul", {"b", "d"}, {"h"});
  m.node("Sum", {"c", "e", "f", "g", "h"}, {"i"});
  m.node("MatMul", {"i", "w2"}, {"j"});
  m.node("Softmax", {"j"}, {"y"});
  for (const char* output : {"y", "f", "i"}) m.output(output);
  const TempFolder folder;
  const Model model = Model::load(folder.write("m.onnx", m.bytes()));
  for (const Index n : {1, 5, 9}) expect_same_bits(model, support::random_image({n, 300}));
}
