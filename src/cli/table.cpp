#include "cli/table.hpp"
#include <fmt/format.h>
#include <algorithm>
#include "cli/text.hpp"

namespace tulle::cli {
namespace {
// Names of layers differ at their ends: a long one keeps its tail.
std::string shortened(std::string text, std::size_t widest) {
  return text.size() <= widest ? text : ".." + text.substr(text.size() - widest + 2);
}
}  // namespace

void Table::add(std::vector<std::string> cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = shortened(printable(cells[i]), columns_[i].widest);
  rows_.push_back({std::move(cells), {}});
}

void Table::note(std::string text) { rows_.back().note = printable(text); }

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    widths.push_back(columns_[i].title.size());
    for (const Row& r : rows_) widths[i] = std::max(widths[i], r.cells[i].size());
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string gap = i ? "  " : "";
      out += gap + (columns_[i].align == Align::right ? fmt::format("{:>{}}", cells[i], widths[i]) : fmt::format("{:<{}}", cells[i], widths[i]));
    }
    return out.substr(0, out.find_last_not_of(' ') + 1) + "\n";
  };
  std::vector<std::string> titles;
  std::size_t total = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) titles.push_back(columns_[i].title), total += widths[i] + (i ? 2 : 0);
  std::string out = line(titles) + std::string(total, '-') + "\n";
  for (const Row& r : rows_) {
    out += line(r.cells);
    if (!r.note.empty()) out += "    " + r.note + "\n";
  }
  return out;
}

std::string milliseconds(double ms) {
  if (ms >= 100) return fmt::format("{:.0f}", ms);
  if (ms >= 10) return fmt::format("{:.1f}", ms);
  if (ms >= 1) return fmt::format("{:.2f}", ms);
  return fmt::format("{:.4f}", ms);
}
}  // namespace tulle::cli
