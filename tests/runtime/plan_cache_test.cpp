// Plans kept on disk: the second session decides as the first one measured; what is damaged is measured again.
#include <gtest/gtest.h>
#include <cstring>
#include "io/file.hpp"
#include "lab/profile.hpp"
#include "runtime/session.hpp"
#include "support/random_input.hpp"
#include "support/temp_folder.hpp"
#include "support/tsan.hpp"

using namespace tulle;
using test::TempFolder;

namespace {
const lab::Inputs& inputs() {
  static const lab::Inputs x{{"x", support::random_image({3, 64})}};
  return x;
}

Session session(const std::filesystem::path& cache, int threads = 1, bool sparse = true) {
  return Session(Model::load(std::filesystem::path(TULLE_SOURCE_DIR) / "models" / "digits_mlp-s90.onnx"),
                 {.threads = threads, .sparse = sparse, .plan_cache = cache});
}

std::vector<std::filesystem::path> files(const TempFolder& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) found.push_back(entry.path());
  return found;
}

std::string bytes_of(const std::filesystem::path& file) {
  const std::vector<std::byte> bytes = io::read_file(file, 1 << 20);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
}  // namespace

TEST(PlanCache, TheSecondSessionMeasuresNothing) {
  const TempFolder folder;
  Session first = session(folder.path()), second = session(folder.path());
  const plan::Plan& measured = *lab::prepared(first, inputs()).plan;
  EXPECT_FALSE(measured.from_cache);
  ASSERT_EQ(files(folder).size(), 1u);
  const plan::Plan& loaded = *lab::prepared(second, inputs()).plan;
  EXPECT_TRUE(loaded.from_cache);
  ASSERT_EQ(loaded.layers.size(), measured.layers.size());
  int times = 0;
  for (std::size_t i = 0; i < loaded.layers.size(); ++i) {
    EXPECT_EQ(loaded.layers[i].kernel, measured.layers[i].kernel);
    EXPECT_EQ(loaded.layers[i].time_us, measured.layers[i].time_us);  // to the last bit: read, not measured
    EXPECT_EQ(loaded.layers[i].candidates.size(), measured.layers[i].candidates.size());
    times += loaded.layers[i].time_us > 0;
  }
  EXPECT_GT(times, 0);
}

TEST(PlanCache, OtherThreadsOrDenseKernelsHaveAFileOfTheirOwn) {
  SKIP_UNDER_TSAN();
  const TempFolder folder;
  for (int threads : {1, 2})
    for (bool sparse : {true, false}) {
      Session s = session(folder.path(), threads, sparse);
      EXPECT_FALSE(lab::prepared(s, inputs()).plan->from_cache);
    }
  EXPECT_EQ(files(folder).size(), 4u);
}

TEST(PlanCache, ADamagedFileIsIgnoredAndReplaced) {
  const TempFolder folder;
  Session first = session(folder.path());
  lab::prepared(first, inputs());
  const std::filesystem::path file = files(folder).at(0);
  const std::string good = bytes_of(file);
  std::string renamed = good;
  for (std::size_t at; (at = renamed.find("avx")) != std::string::npos;) renamed.replace(at, 3, "xxx");
  const std::string damages[] = {"", "{", "[]", "null", "{\"format\": 1}", "{\"format\": 1, \"verdicts\": 3}", good.substr(0, good.size() / 2),
                                 "{\"format\": 1, \"verdicts\": {\"a\": {\"kernel\": 5}}}", std::string(100'000, '['), std::string(999, '\xff')};
  for (const std::string& bad : damages) {
    folder.write(file.filename(), bad);
    Session s = session(folder.path());
    EXPECT_FALSE(lab::prepared(s, inputs()).plan->from_cache) << bad.substr(0, 40);
    EXPECT_GT(bytes_of(file).size(), 100u);
  }
  folder.write(file.filename(), renamed);  // well-formed, but of kernels that do not exist
  Session s = session(folder.path());
  for (const plan::Layer& l : lab::prepared(s, inputs()).plan->layers) EXPECT_EQ(l.kernel.find("xxx"), std::string::npos);
}

TEST(PlanCache, AFolderThatCannotBeMadeIsNamed) {
  const TempFolder folder;
  folder.write("file", "");
  Session s = session(folder / "file" / "sub");
  EXPECT_SAYS(test::message_of<Error>([&] { lab::prepared(s, inputs()); }), "plan cache");
}
