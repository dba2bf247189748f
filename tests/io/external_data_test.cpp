#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/onnx.hpp"
#include "support/onnx_model.hpp"
#include "support/temp_folder.hpp"
#include "tulle/error.hpp"

using namespace tulle;
using test::OnnxModel;
namespace fs = std::filesystem;

namespace {
constexpr char kWeights[] = "....\0\0\x80\x3f\0\0\0\x40";  // after four bytes: 1.0f, 2.0f

/// A folder `models` with weights.bin and a model that reads two floats of some file; the folder lies in
/// another.
class ExternalData : public testing::Test {
 protected:
  ExternalData() {
    fs::create_directories(outside_ / "models/sub");
    outside_.write("models/weights.bin", weights());
    outside_.write("secret.bin", weights());
  }
  static std::string weights() { return {kWeights, 12}; }
  fs::path models() const { return outside_ / "models"; }

  using Entries = std::vector<std::pair<std::string, std::string>>;
  std::string refusal(const Entries& entries, io::ReadOptions options = {}) {
    OnnxModel m;
    onnx::TensorProto& t = *m.graph().add_initializer();
    t.set_name("w");
    t.set_data_type(onnx::TensorProto::FLOAT);
    t.add_dims(2);
    t.set_data_location(onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] : entries) {
      auto& entry = *t.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    }
    m.output("w");
    const fs::path path = outside_.write("models/model.onnx", m.bytes());
    return test::message_of<Error>([&] {
      const graph::Graph g = io::read_onnx(path, options);
      const auto w = g.value(g.outputs[0]).constant.as<float>();
      EXPECT_TRUE(w[0] == 1 && w[1] == 2);
    });
  }
  std::string refusal_at(const std::string& location, io::ReadOptions options = {}) {
    return refusal({{"location", location}, {"offset", "4"}, {"length", "8"}}, options);
  }

  test::TempFolder outside_;
};
}  // namespace

TEST_F(ExternalData, IsRead) {
  EXPECT_EQ(refusal_at("weights.bin"), "");
  EXPECT_EQ(refusal_at("./weights.bin"), "");
  EXPECT_EQ(refusal({{"location", "weights.bin"}, {"offset", "4"}}), "");
  EXPECT_EQ(refusal({{"location", "weights.bin"}, {"offset", "4"}, {"checksum", "abc"}}), "");
  fs::copy(models() / "weights.bin", models() / "sub/deep.bin");
  EXPECT_EQ(refusal_at("sub/deep.bin"), "");
}

TEST_F(ExternalData, MustLieInTheModelsFolder) {
  EXPECT_SAYS(refusal_at("../secret.bin"), "contains '..'");
  EXPECT_SAYS(refusal_at("sub/../../secret.bin"), "contains '..'");
  EXPECT_SAYS(refusal_at((outside_ / "secret.bin").string()), "is absolute");
  EXPECT_SAYS(refusal_at("..\\secret.bin"), "backslash");
  EXPECT_SAYS(refusal_at(std::string("weights.bin\0x", 13)), "zero byte");
  EXPECT_SAYS(refusal_at(""), "is empty");
  EXPECT_SAYS(refusal_at("sub/"), "names no file");
  EXPECT_SAYS(refusal_at("sub"), "is a folder");
  EXPECT_SAYS(refusal_at("missing.bin"), "No such file");
}

TEST_F(ExternalData, FollowsLinksOnlyWhenAsked) {
  fs::create_symlink("../secret.bin", models() / "link.bin");
  fs::create_directory_symlink("..", models() / "up");
  fs::create_hard_link(outside_.write("other.bin", weights()), models() / "hard.bin");
  for (const char* location : {"link.bin", "up/secret.bin", "hard.bin"}) {
    EXPECT_SAYS(refusal_at(location), "links are not followed unless asked for");
    EXPECT_EQ(refusal_at(location, {.follow_links = true}), "");
  }
}

TEST_F(ExternalData, MustBeARegularFile) {
  ASSERT_EQ(mkfifo((models() / "pipe").c_str(), 0600), 0);
  EXPECT_SAYS(refusal_at("pipe"), "a regular file is wanted");  // and does not wait for a writer
}

TEST_F(ExternalData, MustHoldWhatTheModelSays) {
  const auto with = [&](const char* offset, const char* length) {
    return refusal({{"location", "weights.bin"}, {"offset", offset}, {"length", length}});
  };
  EXPECT_SAYS(with("8", "8"), "reach past the end");
  EXPECT_SAYS(with("9223372036854775807", "8"), "reach past the end");
  EXPECT_SAYS(with("18446744073709551612", "8"), "offset '18446744073709551612' is no size");
  EXPECT_SAYS(with("-4", "8"), "is no size");
  EXPECT_SAYS(with("4 ", "8"), "is no size");
  EXPECT_SAYS(with("4", "4"), "have length 4, f32[2] takes 8");
  EXPECT_SAYS(refusal({{"location", "weights.bin"}, {"location", "weights.bin"}}),
              "'location' is given twice");
}

TEST_F(ExternalData, IsRefusedForAModelInMemory) {
  refusal_at("weights.bin");
  std::ifstream file(models() / "model.onnx", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  EXPECT_SAYS(test::message_of<Error>([&] { io::parse_onnx(std::as_bytes(std::span(bytes))); }),
              "has no folder");
}
