#pragma once
#include <string>
#include <vector>

namespace tulle::cli {
/// Text in columns as wide as their contents; numbers right, words left. Cells are made printable and cut to a limit.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
    std::size_t widest = 40;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> cells);
  /// A line of text below the last row, indented.
  void note(std::string text);
  std::string text() const;

 private:
  struct Row {
    std::vector<std::string> cells;
    std::string note;
  };
  std::vector<Column> columns_;
  std::vector<Row> rows_;
};
std::string milliseconds(double ms);  ///< three digits that matter: "0.0123", "1.23", "123"
}  // namespace tulle::cli
