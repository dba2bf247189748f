// What a matrix file goes through; nothing in it may end but in a matrix that check() accepts, or an Error. The first
// byte picks the format, the others are the file.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tulle/io.hpp"

namespace {
constexpr const char* kNames[] = {"m.smtx", "m.mtx",     "m.el",     "m.npz",        "m.npy", "m.safetensors",
                                  "m.mtx.gz", "m.mtx.xz", "m.smtx.gz"};

/// A file in memory, with a link to it under each name.
struct MemoryFile {
  int fd = memfd_create("matrix", 0);
  std::filesystem::path folder;
  MemoryFile() {
    std::string name = (std::filesystem::temp_directory_path() / "tulle-fuzz-XXXXXX").string();
    if (fd < 0 || !mkdtemp(name.data())) std::abort();
    folder = name;
    for (const char* n : kNames) std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(fd), folder / n);
  }
  ~MemoryFile() { std::filesystem::remove_all(folder); }
  void fill(const std::uint8_t* data, std::size_t size) const {
    if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  }
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const MemoryFile file;
  if (size == 0) return 0;
  file.fill(data + 1, size - 1);
  tulle::Csr a;
  try {
    a = tulle::read_matrix(file.folder / kNames[data[0] % std::size(kNames)], {.most_bytes = 1 << 24});
  } catch (const tulle::Error&) {
    return 0;
  }
  tulle::check(a.view());  // an Error that leaves here is a finding
  return 0;
}
