#include "cli/table.hpp"
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <algorithm>
#include <numeric>
#include "cli/text.hpp"

namespace tulle::cli {
namespace {
constexpr std::size_t kGap = 2, kIndent = 4, kHanging = 6, kFile = 160, kNarrowest = 40;

std::size_t total(const std::vector<std::size_t>& widths) {
  const auto shown = static_cast<std::size_t>(std::count_if(widths.begin(), widths.end(), [](std::size_t w) { return w > 0; }));
  return std::accumulate(widths.begin(), widths.end(), std::size_t{0}) + kGap * (shown - 1);
}
}  // namespace

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back({std::move(cells), {}});
}

void Table::note(std::string text) { rows_.back().notes.push_back(printable(text)); }

std::vector<std::size_t> Table::widths(std::size_t most) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    widths.push_back(width(columns_[i].title));
    for (const Row& r : rows_) widths[i] = std::max(widths[i], width(r.cells[i]));
  }
  const auto cut = [&](std::size_t i) {
    const std::size_t excess = total(widths) - std::min(total(widths), most), least = std::max(columns_[i].least, width(columns_[i].title));
    if (columns_[i].least > 0 && widths[i] > least) widths[i] = std::max(least, widths[i] - std::min(widths[i], excess));
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) cut(i);
  for (std::size_t i = columns_.size(); i-- > 0;)
    if (!columns_[i].needed && total(widths) > most) widths[i] = 0;
  return widths;
}

std::string Table::line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) const {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (widths[i] == 0) continue;
    const std::string cell = shortened(cells[i], widths[i]), space(widths[i] - width(cell), ' ');
    out += std::string(out.empty() ? 0 : kGap, ' ') + (columns_[i].align == Align::right ? space + cell : cell + space);
  }
  return out.substr(0, out.find_last_not_of(' ') + 1) + "\n";
}

std::string Table::text(std::size_t most) const {
  const std::vector<std::size_t> w = widths(most);
  std::vector<std::string> titles;
  for (const Column& c : columns_) titles.push_back(c.title);
  std::string out = line(titles, w) + std::string(total(w), '-') + "\n";
  for (const Row& r : rows_) {
    out += line(r.cells, w);
    for (const std::string& note : r.notes) out += wrapped(note, std::max(kNarrowest, std::min(most, std::size_t{120})), kIndent, kHanging);
  }
  return out;
}

std::size_t terminal_width() {
  winsize size{};
  const bool known = isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? std::max<std::size_t>(kNarrowest, size.ws_col) : kFile;
}

std::string milliseconds(double ms) {
  if (ms >= 100) return fmt::format("{:.0f}", ms);
  if (ms >= 10) return fmt::format("{:.1f}", ms);
  if (ms >= 1) return fmt::format("{:.2f}", ms);
  return ms > 0 ? fmt::format("{:.4f}", ms) : "0";
}
}  // namespace tulle::cli
