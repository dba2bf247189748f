#include "io/file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_folder.hpp"

using namespace tulle;
namespace fs = std::filesystem;

namespace {
std::string content(const fs::path& path) {
  const auto bytes = io::read_file(path, 1000);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
}  // namespace

TEST(OutputFile, ReplacesTheWholeFileOnCommit) {
  const test::TempFolder folder;
  const fs::path path = folder.write("report.json", "old");
  {
    io::OutputFile file(path);
    file.write(std::as_bytes(std::span("new", 3)));
    EXPECT_EQ(content(path), "old");
    file.commit();
  }
  EXPECT_EQ(content(path), "new");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator{}), 1);
}

TEST(OutputFile, LeavesNothingWithoutCommit) {
  const test::TempFolder folder;
  io::OutputFile(folder / "report.json").write(std::as_bytes(std::span("half", 4)));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(OutputFile, KeepsALinkAndWritesBehindIt) {
  const test::TempFolder folder;
  folder.write("real", "old");
  fs::create_symlink("real", folder / "link");
  io::write_file_atomically(folder / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(content(folder / "real"), "new");
}

TEST(OutputFile, RefusesDevicesAndMissingFolders) {
  const test::TempFolder folder;
  EXPECT_SAYS(test::message_of<Error>([] { io::write_file_atomically("/dev/null", "x"); }),
              "no regular file");
  EXPECT_SAYS(test::message_of<Error>([&] { io::write_file_atomically(folder / "no/report", "x"); }),
              "No such file");
}

TEST(InputFile, RefusesFoldersPipesAndLargeFiles) {
  const test::TempFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_SAYS(test::message_of<Error>([&] { io::InputFile file(folder / "pipe"); }),
              "a regular file is wanted");
  EXPECT_SAYS(test::message_of<Error>([&] { io::InputFile file(folder.path()); }), "is a folder");
  EXPECT_SAYS(test::message_of<Error>([&] { io::InputFile file(folder / "none"); }), "No such file");
  const fs::path path = folder.write("large", std::string(1001, 'x'));
  EXPECT_SAYS(test::message_of<Error>([&] { io::read_file(path, 1000); }), "has 1001 bytes, at most 1000");
}

TEST(InputFile, ChecksARangeBeforeItAsksForMemory) {
  const test::TempFolder folder;
  const io::InputFile file(folder.write("x", "0123456789"));
  EXPECT_EQ(file.read(8, 2).size(), 2u);
  for (const auto& [offset, bytes] :
       std::initializer_list<std::pair<Index, Index>>{{8, 3}, {-1, 2}, {11, 0}, {1, Index{1} << 62}})
    EXPECT_THROW(file.read(offset, bytes), Error);
}
