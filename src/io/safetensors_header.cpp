#include <charconv>

#include "io/safetensors.hpp"

namespace tulle::io {
namespace {
void append_utf8(std::string& to, std::uint32_t code) {
  const auto byte = [&](std::uint32_t x) { to += static_cast<char>(x); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) return byte(0xc0 | code >> 6), byte(0x80 | (code & 63));
  if (code < 0x10000) return byte(0xe0 | code >> 12), byte(0x80 | (code >> 6 & 63)), byte(0x80 | (code & 63));
  byte(0xf0 | code >> 18), byte(0x80 | (code >> 12 & 63)), byte(0x80 | (code >> 6 & 63)),
      byte(0x80 | (code & 63));
}

class HeaderParser {
 public:
  HeaderParser(std::string_view json, const std::string& where) : whole_(json), text_(json), where_(where) {}

  SafeTensors parse() {
    SafeTensors tensors;
    bool metadata = false;
    object([&](const std::string& name) {
      if (name == "__metadata__") {
        if (metadata) fail("'__metadata__' is given twice");
        metadata = true;
        return object([&](const std::string&) { string(); });
      }
      if (!tensors.emplace(name, tensor()).second)
        fail("the tensor '" + name.substr(0, 80) + "' is given twice");
    });
    skip_spaces();
    if (!text_.empty()) fail("text follows the header");
    return tensors;
  }

 private:
  /// body(key) for each member, when what follows is its value.
  template <class Body>
  void object(const Body& body) {
    expect('{');
    if (accept('}')) return;
    do {
      const std::string key = string();
      expect(':');
      body(key);
    } while (accept(','));
    expect('}');
  }
  SafeTensor tensor() {
    SafeTensor t;
    Shape offsets;
    int seen = 0;
    const auto once = [&](int bit, const std::string& key) {
      if (seen & bit) fail("'" + key + "' is given twice");
      seen |= bit;
    };
    object([&](const std::string& key) {
      if (key == "dtype") return once(1, key), void(t.dtype = string());
      if (key == "shape") return once(2, key), void(t.shape = numbers());
      if (key == "data_offsets") return once(4, key), void(offsets = numbers());
      fail("the key '" + key.substr(0, 40) + "' is unknown");
    });
    if (seen != 7) fail("a tensor lacks dtype, shape or data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1]) fail("data_offsets are not two rising numbers");
    t.begin = offsets[0];
    t.end = offsets[1];
    return t;
  }
  Shape numbers() {
    constexpr std::size_t kMostDimensions = 64;
    Shape found;
    expect('[');
    if (accept(']')) return found;
    do {
      skip_spaces();
      Index value = -1;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
      if (error != std::errc() || value < 0) fail("a whole number from 0 on is wanted");
      if (text_.front() == '0' && end - text_.data() > 1) fail("a number begins with 0");
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      found.push_back(value);
      if (found.size() > kMostDimensions) fail("more than 64 numbers");
    } while (accept(','));
    expect(']');
    return found;
  }
  std::string string() {
    expect('"');
    std::string found;
    while (true) {
      const char c = take();
      if (c == '"') return found;
      if (static_cast<unsigned char>(c) < 0x20) fail("a control character stands in a string");
      if (c == '\\')
        escape(found);
      else
        found += c;
    }
  }
  void escape(std::string& to) {
    constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
    const char c = take();
    if (const std::size_t at = kFrom.find(c); at != std::string_view::npos) return to.push_back(kTo[at]);
    if (c != 'u') fail("an unknown escape stands in a string");
    std::uint32_t code = hex();
    if (code >= 0xd800 && code < 0xe000) {  // a character past 0xffff is two escapes
      const bool pair = code < 0xdc00 && take() == '\\' && take() == 'u';
      const std::uint32_t low = pair ? hex() : 0;
      if (low < 0xdc00 || low >= 0xe000) fail("half of a surrogate pair stands in a string");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(to, code);
  }
  std::uint32_t hex() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = take();
      const std::size_t digit =
          std::string_view("0123456789abcdef").find(static_cast<char>(c >= 'A' && c <= 'F' ? c | 32 : c));
      if (digit == std::string_view::npos) fail("four hexadecimal digits are wanted");
      code = code << 4 | static_cast<std::uint32_t>(digit);
    }
    return code;
  }
  char take() {
    if (text_.empty()) fail("the header ends within a string");
    const char c = text_.front();
    text_.remove_prefix(1);
    return c;
  }
  void skip_spaces() { text_.remove_prefix(std::min(text_.find_first_not_of(" \t\r\n"), text_.size())); }
  bool accept(char c) {
    skip_spaces();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c))
      fail(std::string("'") + c + "' is wanted before '" + std::string(text_.substr(0, 20)) + "'");
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(where_, "header, byte " + std::to_string(whole_.size() - text_.size()) + ": " + what);
  }

  std::string_view whole_, text_;
  const std::string& where_;
};
}  // namespace

SafeTensors parse_safetensors_header(std::string_view json, const std::string& where) {
  return HeaderParser(json, where).parse();
}
}  // namespace tulle::io
