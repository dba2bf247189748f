#include "jit/memory.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "tulle/error.hpp"

namespace tulle::jit {
namespace {
constexpr std::size_t kPage = 4096, kHugePage = std::size_t{2} << 20;

constexpr std::size_t rounded_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

std::string failure(const char* call, std::size_t bytes) {
  return std::string(call) + " of " + std::to_string(bytes) + " bytes failed: " + std::strerror(errno);
}

std::byte* map_writable(std::size_t bytes) {
  void* pages =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return pages == MAP_FAILED ? nullptr : static_cast<std::byte*>(pages);
}
}  // namespace

std::optional<std::string> refuse_executable_memory() {
  std::byte* page = map_writable(kPage);
  if (!page) return failure("mmap", kPage);
  std::optional<std::string> why;
  if (mprotect(page, kPage, PROT_READ | PROT_EXEC) != 0)
    why = "no executable memory: " + failure("mprotect to read and execute", kPage);
  munmap(page, kPage);
  return why;
}

CodeMemory::CodeMemory(std::size_t bound_bytes) : size_(rounded_up(bound_bytes, kPage)) {
  const std::size_t mapped = size_ + kHugePage;
  std::byte* start = map_writable(mapped);
  if (!start) throw Error("jit", failure("mmap", mapped));
  const auto address = reinterpret_cast<std::uintptr_t>(start);
  const std::size_t before = rounded_up(address, kHugePage) - address, behind = mapped - before - size_;
  if (before) munmap(start, before);
  if (behind) munmap(start + before + size_, behind);
  data_ = start + before;
  madvise(data_, size_, MADV_HUGEPAGE);
}

CodeMemory::CodeMemory(CodeMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

CodeMemory& CodeMemory::operator=(CodeMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

CodeMemory::~CodeMemory() {
  if (data_) munmap(data_, size_);
}

void CodeMemory::seal(std::size_t used_bytes) {
  const std::size_t kept = rounded_up(used_bytes ? used_bytes : 1, kPage);
  if (kept < size_) munmap(data_ + kept, size_ - kept);
  size_ = kept;
  if (mprotect(data_, size_, PROT_READ | PROT_EXEC) != 0)
    throw Error("jit", failure("mprotect to read and execute", size_));
}
}  // namespace tulle::jit
