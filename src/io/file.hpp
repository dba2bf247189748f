#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/checked.hpp"
#include "core/leftovers.hpp"

namespace tulle::io {
/// A descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// A regular file open for reading. Never waits (a FIFO is refused, not opened) and never maps: a file that
/// somebody cuts short meanwhile gives an Error, not a signal.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path&);  ///< follows links: the user named it
  InputFile(Descriptor, std::string name);           ///< takes a descriptor; refuses what is no file
  Index size_bytes() const { return size_; }
  int descriptor() const { return descriptor_.get(); }
  const std::string& name() const { return name_; }
  void read(Index offset, std::span<std::byte> out) const;  ///< all of out, or an Error
  std::vector<std::byte> read(Index offset,
                              Index bytes) const;  ///< checked against the size before memory is asked

 private:
  Descriptor descriptor_;
  std::string name_;
  Index size_ = 0;
};

/// Bytes of a whole file of at most `most_bytes`.
std::vector<std::byte> read_file(const std::filesystem::path&, Index most_bytes);

/// A file that appears under its name whole or not at all: written beside it, then synced and renamed by
/// commit(). Without commit() it leaves nothing.
class OutputFile {
 public:
  explicit OutputFile(const std::filesystem::path&);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();
  void write(std::span<const std::byte>);
  void commit();

 private:
  [[noreturn]] void fail(const std::string& what) const;  ///< with errno's text
  std::filesystem::path target_, aside_;
  std::optional<Leftover> unfinished_;  ///< aside_, should the program be interrupted
  Descriptor descriptor_;
};

void write_file_atomically(const std::filesystem::path&, std::span<const std::byte>);
void write_file_atomically(const std::filesystem::path&, std::string_view text);
}  // namespace tulle::io
