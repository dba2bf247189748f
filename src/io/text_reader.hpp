#pragma once
#include <string>
#include <string_view>

#include "tulle/tensor.hpp"

namespace tulle::io {
/// Reads lines of numbers; each Error names the file and the line.
class TextReader {
 public:
  /// Words are parted by spaces, tabs and the characters of `separators`.
  TextReader(std::string_view text, std::string where, std::string_view separators = "");

  bool next_line();  ///< false at the end of the text
  std::string_view line() const { return line_; }
  /// Steps to the next line that has words and does not begin with one of `comments`.
  bool next_full_line(std::string_view comments);
  std::size_t left_bytes() const { return text_.size() + rest_.size(); }  ///< of this line and those after it

  bool has_word();
  std::string_view word();  ///< fails at the end of the line
  Index whole(Index least, Index most);
  float real();        ///< inf and nan too; a finite number beyond f32 is refused
  float whole_real();  ///< a real that is written as a whole number
  void end_line();     ///< fails if a word is left

  [[noreturn]] void fail(const std::string& what) const;
  const std::string& where() const { return where_; }

 private:
  std::string_view text_, line_, rest_;
  std::string where_, separators_;
  Index number_ = 0;  ///< of the line, from 1
};
}  // namespace tulle::io
