#include "cli/text.hpp"
#include <fmt/format.h>

namespace tulle::cli {
namespace {
struct Character {
  std::size_t bytes;
  char32_t code;
};

// The UTF-8 character at the start; of one byte and code 0 where there is none.
Character character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t bytes = byte(0) < 0x80 ? 1 : byte(0) >> 5 == 6 ? 2 : byte(0) >> 4 == 14 ? 3 : byte(0) >> 3 == 30 ? 4 : 0;
  if (bytes == 1) return {1, byte(0)};
  if (bytes == 0 || bytes > text.size()) return {1, 0};
  char32_t code = byte(0) & (0x7f >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if (byte(i) >> 6 != 2) return {1, 0};
    code = code << 6 | (byte(i) & 0x3f);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  return code < kLeast[bytes] || code > 0x10ffff || code >> 11 == 0x1b ? Character{1, 0} : Character{bytes, code};
}

// Control characters, and those that turn the direction of writing or break lines.
bool shows(char32_t c) {
  if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return false;
  return !(c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff);
}
}  // namespace

std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 2000;
  std::string out;
  while (!text.empty() && out.size() < kLongest) {
    const Character c = character(text);
    if (shows(c.code))
      out += text.substr(0, c.bytes);
    else
      for (const char byte : text.substr(0, c.bytes)) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    text.remove_prefix(c.bytes);
  }
  return text.empty() ? out : out + "...";
}

std::size_t width(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

std::string shortened(const std::string& text, std::size_t most) {
  const std::size_t have = width(text);
  if (have <= most) return text;
  std::size_t skip = have - most + 2, at = 0;
  for (; skip > 0 || (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80; ++at)
    skip -= (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
  return ".." + text.substr(at);
}

std::string wrapped(std::string_view text, std::size_t most, std::size_t first, std::size_t others) {
  std::string out(first, ' ');
  std::size_t used = first;
  bool fresh = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!fresh && used + 1 + width(word) > most) {
      out += "\n" + std::string(others, ' ');
      used = others;
      fresh = true;
    }
    out += (fresh ? "" : " ") + std::string(word);
    used += width(word) + !fresh;
    fresh = false;
  }
  return out + "\n";
}
}  // namespace tulle::cli
