#include "io/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace tulle::io {
namespace fs = std::filesystem;

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

namespace {
Descriptor open_for_reading(const fs::path& path) {
  Descriptor d(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (d.get() < 0) throw Error(path.string(), std::string("cannot be opened: ") + std::strerror(errno));
  return d;
}
}  // namespace

InputFile::InputFile(const fs::path& path) : InputFile(open_for_reading(path), path.string()) {}

InputFile::InputFile(Descriptor descriptor, std::string name)
    : descriptor_(std::move(descriptor)), name_(std::move(name)) {
  struct stat status {};
  if (::fstat(descriptor_.get(), &status) != 0)
    throw Error(name_, std::string("cannot be examined: ") + std::strerror(errno));
  if (S_ISDIR(status.st_mode)) throw Error(name_, "is a folder, a file is wanted");
  if (!S_ISREG(status.st_mode))
    throw Error(name_, "is a device, a pipe or a socket, a regular file is wanted");
  size_ = status.st_size;
}

void InputFile::read(Index offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t got = ::pread(descriptor_.get(), out.data(), out.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(name_, std::string("cannot be read: ") + std::strerror(errno));
    if (got == 0)
      throw Error(name_, "ends at byte " + std::to_string(offset) + ", " + std::to_string(out.size()) +
                             " more are wanted");
    out = out.subspan(static_cast<std::size_t>(got));
    offset += got;
  }
}

std::vector<std::byte> InputFile::read(Index offset, Index bytes) const {
  if (offset < 0 || bytes < 0 || offset > size_ || bytes > size_ - offset)
    throw Error(name_, std::to_string(bytes) + " bytes from byte " + std::to_string(offset) +
                           " reach past the end of the file, which has " + std::to_string(size_));
  std::vector<std::byte> data(static_cast<std::size_t>(bytes));
  read(offset, std::span(data));
  return data;
}

std::vector<std::byte> read_file(const fs::path& path, Index most_bytes) {
  const InputFile file(path);
  if (file.size_bytes() > most_bytes)
    throw Error(file.name(), "has " + std::to_string(file.size_bytes()) + " bytes, at most " +
                                 std::to_string(most_bytes) + " are read");
  return file.read(0, file.size_bytes());
}

namespace {
/// Where to write for this name: behind a link, so that the link stays; never in place of a device.
fs::path real_target(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return path;
  if (!fs::is_regular_file(status))
    throw Error(path.string(), "exists and is no regular file; it is not replaced");
  return fs::is_symlink(path, error) ? fs::canonical(path) : path;
}

fs::path name_beside(const fs::path& target) {
  static std::atomic<unsigned> serial{0};  // keeps apart two writers of one process
  return target.string() + "." + std::to_string(::getpid()) + "." + std::to_string(serial++) + ".part";
}

void sync_folder(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const Descriptor d(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (d.get() >= 0)
    ::fsync(d.get());  // the data are safe by now; only the name's survival of a power cut is at stake
}
}  // namespace

OutputFile::OutputFile(const fs::path& path) : target_(real_target(path)) {
  aside_ = name_beside(target_);
  unfinished_.emplace(aside_);
  descriptor_ = Descriptor(::open(aside_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (descriptor_.get() >= 0) return;
  aside_.clear();
  fail("cannot be written: ");
}

OutputFile::~OutputFile() {
  if (!aside_.empty()) ::unlink(aside_.c_str());
}

void OutputFile::fail(const std::string& what) const {
  throw Error(target_.string(), what + std::strerror(errno));
}

void OutputFile::write(std::span<const std::byte> data) {
  while (!data.empty()) {
    const ssize_t put = ::write(descriptor_.get(), data.data(), data.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail("cannot be written: ");
    data = data.subspan(static_cast<std::size_t>(put));
  }
}

void OutputFile::commit() {
  if (::fsync(descriptor_.get()) != 0 && errno != EINVAL) fail("cannot be written: ");
  if (::close(descriptor_.release()) != 0) fail("cannot be written: ");
  if (::rename(aside_.c_str(), target_.c_str()) != 0) fail("cannot take its name: ");
  aside_.clear();
  sync_folder(target_);
}

void write_file_atomically(const fs::path& path, std::span<const std::byte> data) {
  OutputFile file(path);
  file.write(data);
  file.commit();
}
void write_file_atomically(const fs::path& path, std::string_view text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}
}  // namespace tulle::io
