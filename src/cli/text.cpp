#include "cli/text.hpp"
#include <fmt/format.h>

namespace tulle::cli {
std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 2000;
  std::string out;
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return text.size() > kLongest ? out + "..." : out;
}
}  // namespace tulle::cli
