#pragma once
#include <chrono>
#include <string>
#include "tulle/tensor.hpp"

namespace tulle::cli {
/// A bar on standard error where somebody is looking, with the time that is left; wiped when all is done.
class ProgressLine {
 public:
  explicit ProgressLine(std::string doing) : doing_(std::move(doing)) {}
  ~ProgressLine() { wipe(); }
  void show(Index done, Index total, const std::string& what);
  void say(const std::string& line);  ///< a line that stays, on standard error
 private:
  void wipe();
  std::string doing_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  bool shown_ = false;
};
}  // namespace tulle::cli
