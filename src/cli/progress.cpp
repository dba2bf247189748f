#include "cli/progress.hpp"
#include <fmt/format.h>
#include <unistd.h>
#include "cli/table.hpp"
#include "cli/text.hpp"

namespace tulle::cli {
namespace {
constexpr Index kWidth = 24;

std::string clock_time(double seconds) {
  const auto s = static_cast<long>(seconds);
  return s < 3600 ? fmt::format("{}:{:02}", s / 60, s % 60) : fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}
}  // namespace

void ProgressLine::show(Index done, Index total, const std::string& what) {
  if (isatty(STDERR_FILENO) != 1) return;
  wipe();
  if (done == total) return;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const std::string left = done ? ", " + clock_time(seconds * static_cast<double>(total - done) / static_cast<double>(done)) + " left" : "";
  const auto full = static_cast<std::size_t>(done * kWidth / total);
  const std::string bar = fmt::format("{} [{}{}] {}/{}{}  ", doing_, std::string(full, '#'), std::string(kWidth - full, ' '), done, total, left);
  const std::size_t room = terminal_width() > bar.size() + 1 ? terminal_width() - bar.size() - 1 : 0;
  fmt::print(stderr, "{}{}", bar, shortened(printable(what), std::max<std::size_t>(room, 2)));
  std::fflush(stderr);
  shown_ = true;
}

void ProgressLine::say(const std::string& line) {
  wipe();
  fmt::print(stderr, "{}\n", printable(line));
}

void ProgressLine::wipe() {
  if (shown_) fmt::print(stderr, "\r\x1b[K");
  shown_ = false;
}
}  // namespace tulle::cli
