#pragma once
#include <cstddef>
#include <optional>
#include <string>

namespace tulle::jit {
/// Why this system lends no executable memory (a hardened kernel, a policy); nullopt when it does. Asks the
/// system.
std::optional<std::string> refuse_executable_memory();

/// Pages that are writable until they are sealed and executable from then on, never both at once. They start
/// on a huge page's boundary and are advised as huge pages, so large code costs few entries of the TLB.
class CodeMemory {
 public:
  CodeMemory() = default;
  explicit CodeMemory(std::size_t bound_bytes);  ///< only what is written later takes memory; throws Error
  CodeMemory(CodeMemory&&) noexcept;
  CodeMemory& operator=(CodeMemory&&) noexcept;
  ~CodeMemory();

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  void seal(
      std::size_t used_bytes);  ///< read and execute from now on; pages behind the used bytes are given back

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};
}  // namespace tulle::jit
