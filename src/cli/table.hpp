#pragma once
#include <string>
#include <vector>

namespace tulle::cli {
/// Text in columns as wide as their contents; numbers right, words left. Cells are made printable. In a terminal that
/// is too narrow, long names lose their heads, then columns that can be missed are left out, the last one first.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
    std::size_t least = 0;  ///< may be cut to this width; 0: never
    bool needed = true;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> cells);
  /// A sentence below the last row, indented and broken into lines.
  void note(std::string text);
  std::string text(std::size_t most) const;
  bool empty() const { return rows_.empty(); }

 private:
  struct Row {
    std::vector<std::string> cells;
    std::vector<std::string> notes;
  };
  std::vector<std::size_t> widths(std::size_t most) const;  ///< 0: left out
  std::string line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) const;
  std::vector<Column> columns_;
  std::vector<Row> rows_;
};
std::size_t terminal_width();         ///< columns of standard output; wide where it is no terminal
std::string milliseconds(double ms);  ///< three digits that matter: "0.0123", "1.23", "123"
}  // namespace tulle::cli
