#include "io/text_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "tulle/error.hpp"

namespace tulle::io {
namespace {
std::string quoted(std::string_view word) {
  return "'" + std::string(word.substr(0, 24)) + (word.size() > 24 ? "..." : "") + "'";
}
}  // namespace

TextReader::TextReader(std::string_view text, std::string where, std::string_view separators)
    : text_(text), where_(std::move(where)), separators_(" \t\r" + std::string(separators)) {}

bool TextReader::next_line() {
  if (text_.empty()) return false;
  const std::size_t end = std::min(text_.find('\n'), text_.size());
  line_ = rest_ = text_.substr(0, end);
  text_.remove_prefix(std::min(end + 1, text_.size()));
  ++number_;
  return true;
}

bool TextReader::next_full_line(std::string_view comments) {
  while (next_line())
    if (has_word() && comments.find(rest_.front()) == std::string_view::npos) return true;
  return false;
}

bool TextReader::has_word() {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(separators_), rest_.size()));
  return !rest_.empty();
}

std::string_view TextReader::word() {
  if (!has_word()) fail("the line ends where a number is wanted");
  const std::string_view found = rest_.substr(0, rest_.find_first_of(separators_));
  rest_.remove_prefix(found.size());
  return found;
}

Index TextReader::whole(Index least, Index most) {
  const std::string_view found = word();
  Index value = 0;
  const auto [end, error] = std::from_chars(found.data(), found.data() + found.size(), value);
  const bool out_of_range = error == std::errc::result_out_of_range;
  if (end != found.data() + found.size() || (error != std::errc() && !out_of_range))
    fail(quoted(found) + " is no whole number");
  if (out_of_range || value < least || value > most)
    fail(quoted(found) + " is not from " + std::to_string(least) + " to " + std::to_string(most));
  return value;
}

float TextReader::real() {
  const std::string_view found = word();
  std::string_view digits = found;
  if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.remove_prefix(1);
  float value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size() || error == std::errc::invalid_argument)
    fail(quoted(found) + " is no number");
  if (error ==
      std::errc::result_out_of_range) {  // too small is rounded as strtof rounds it, too large refused
    value = std::strtof(std::string(digits).c_str(), nullptr);
    if (std::isinf(value)) fail(quoted(found) + " is more than f32 can hold");
  }
  return value;
}

float TextReader::whole_real() {
  has_word();
  const std::string_view before = rest_, found = word();
  if (found.find_first_not_of("0123456789", found[0] == '-' || found[0] == '+') != std::string_view::npos)
    fail(quoted(found) + " is no whole number");
  rest_ = before;
  return real();
}

void TextReader::end_line() {
  if (has_word()) fail("the line goes on with " + quoted(word()) + ", where its end is wanted");
}

void TextReader::fail(const std::string& what) const {
  throw Error(where_, "line " + std::to_string(number_) + ": " + what);
}
}  // namespace tulle::io
