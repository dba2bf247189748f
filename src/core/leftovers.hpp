#pragma once
#include <filesystem>
#include <list>

namespace tulle {
/// A file or folder that must not outlive the program while this object lives: an output that is not whole yet, a
/// folder of scratch files. Made before the file is.
class Leftover {
 public:
  explicit Leftover(std::filesystem::path);
  Leftover(const Leftover&) = delete;
  Leftover& operator=(const Leftover&) = delete;
  ~Leftover();  ///< forgets it; removing it in good order is its owner's part

 private:
  std::list<std::filesystem::path>::iterator at_;
};

/// Ends the program now, without destructors, after removing all leftovers. For the thread that waits for SIGINT.
[[noreturn]] void leave(int exit_code) noexcept;
}  // namespace tulle
