// The .npy format (NumPy Enhancement Proposal 1): magic, version, length, a Python dict as text, data.
#include "io/npy.hpp"

#include <charconv>
#include <cstring>
#include <optional>

#include "io/file.hpp"
#include "io/npz.hpp"

namespace tulle::io {
namespace {
constexpr std::string_view kMagic = "\x93NUMPY";
constexpr Index kMostHeaderBytes = 1 << 16;
constexpr std::size_t kMostDimensions = 64;  // as in NumPy 2

struct NpyType {
  std::string_view descr;
  DType dtype;
};
constexpr NpyType kTypes[] = {{"<f4", DType::f32}, {"<f8", DType::f64}, {"<f2", DType::f16},
                              {"|i1", DType::i8},  {"|u1", DType::u8},  {"<i2", DType::i16},
                              {"<u2", DType::u16}, {"<i4", DType::i32}, {"<u4", DType::u32},
                              {"<i8", DType::i64}, {"<u8", DType::u64}, {"|b1", DType::boolean}};

struct Header {
  std::optional<DType> dtype;
  Index string_bytes = 0;  // of a byte string, whose dtype is u8
  std::optional<bool> fortran_order;
  std::optional<Shape> shape;
};

/// Reads just the dict literal that NumPy writes: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4),
/// }.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  Header parse() {
    Header header;
    expect("{");
    while (!accept("}")) {
      const std::string_view key = quoted();
      expect(":");
      if (key == "descr")
        set(header.dtype, dtype(header.string_bytes), key);
      else if (key == "fortran_order")
        set(header.fortran_order, boolean(), key);
      else if (key == "shape")
        set(header.shape, shape(), key);
      else
        fail("the key '" + std::string(key.substr(0, 40)) + "' is unknown");
      if (!accept(",")) {
        expect("}");
        break;
      }
    }
    skip_spaces();
    if (!text_.empty()) fail("text follows the dict");
    if (!header.dtype || !header.fortran_order || !header.shape)
      fail("descr, fortran_order or shape is missing");
    return header;
  }

 private:
  template <class T>
  void set(std::optional<T>& field, T value, std::string_view key) {
    if (field) fail("'" + std::string(key) + "' is given twice");
    field = std::move(value);
  }
  void skip_spaces() { text_.remove_prefix(std::min(text_.find_first_not_of(" \t\n"), text_.size())); }
  bool accept(std::string_view token) {
    skip_spaces();
    if (text_.substr(0, token.size()) != token) return false;
    text_.remove_prefix(token.size());
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token))
      fail("'" + std::string(token) + "' is wanted before '" + std::string(text_.substr(0, 20)) + "'");
  }
  std::string_view quoted() {
    const std::string_view quote = accept("'") ? "'" : "\"";
    if (quote == "\"") expect("\"");
    const std::size_t end = text_.find(quote);
    if (end == std::string_view::npos) fail("a string does not end");
    const std::string_view found = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return found;
  }
  DType dtype(Index& string_bytes) {
    skip_spaces();
    if (text_.substr(0, 1) == "[") fail("a structured type is not supported");
    const std::string_view descr = quoted();
    for (const NpyType& type : kTypes)
      if (type.descr == descr ||
          (type.descr[0] == '|' && descr.size() == 3 && descr.substr(1) == type.descr.substr(1)))
        return type.dtype;
    if (descr.starts_with("|S")) {
      const auto [end, error] = std::from_chars(descr.data() + 2, descr.data() + descr.size(), string_bytes);
      if (error == std::errc() && end == descr.data() + descr.size() && string_bytes > 0) return DType::u8;
    }
    const bool object = descr.find('O') != std::string_view::npos;
    fail("type '" + std::string(descr.substr(0, 40)) + "' is not supported" +
         (object                      ? " (Python objects are never unpickled)"
          : descr.substr(0, 1) == ">" ? " (big-endian)"
                                      : ""));
  }
  bool boolean() {
    if (accept("True")) return true;
    expect("False");
    return false;
  }
  Shape shape() {
    Shape dims;
    expect("(");
    while (!accept(")")) {
      dims.push_back(number());
      if (dims.size() > kMostDimensions) fail("more than 64 dimensions");
      if (!accept(",")) {
        expect(")");
        break;
      }
    }
    return dims;
  }
  Index number() {
    skip_spaces();
    Index value = -1;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) fail("'" + std::string(text_.substr(0, 24)) + "' is no dimension");
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return value;
  }
  [[noreturn]] void fail(const std::string& what) const { throw Error(where_, "npy header: " + what); }

  std::string_view text_;
  const std::string& where_;
};

/// The header's text and the bytes that magic, version, length and text take together.
std::pair<std::string, Index> read_header_text(const NextBytes& next, Index bytes, const std::string& where) {
  unsigned char start[12] = {};
  if (bytes < 10) throw Error(where, "has " + std::to_string(bytes) + " bytes, too few for an .npy");
  next(std::as_writable_bytes(std::span(start, 10)));
  if (std::memcmp(start, kMagic.data(), kMagic.size()) != 0)
    throw Error(where, "is no .npy: it does not begin with \\x93NUMPY");
  const int major = start[6];
  if (major < 1 || major > 3 || start[7] != 0)
    throw Error(where, "npy version " + std::to_string(major) + "." + std::to_string(start[7]) +
                           " is not supported, 1.0 to 3.0 are");
  Index length = start[8] | start[9] << 8, begin = 10;
  if (major > 1) {
    if (bytes < 12) throw Error(where, "ends within the npy header");
    next(std::as_writable_bytes(std::span(start + 10, 2)));
    length |= Index{start[10]} << 16 | Index{start[11]} << 24;
    begin = 12;
  }
  if (length > kMostHeaderBytes || length > bytes - begin)
    throw Error(where, "the npy header says it has " + std::to_string(length) + " bytes, the file has " +
                           std::to_string(bytes));
  std::string text(static_cast<std::size_t>(length), '\0');
  next(std::as_writable_bytes(std::span(text)));
  return {std::move(text), begin + length};
}

/// Fortran order (first index fastest) to C order.
Tensor from_fortran_order(const Tensor& t) {
  const std::size_t rank = t.shape().size(), size = size_bytes(t.dtype());
  Tensor out(t.type());
  std::vector<Index> at(rank, 0), stride(rank, 1);
  for (std::size_t d = 1; d < rank; ++d) stride[d] = stride[d - 1] * t.shape()[d - 1];
  auto* to = static_cast<std::byte*>(out.mutable_data());
  const auto* from = static_cast<const std::byte*>(t.data());
  Index source = 0;
  for (Index i = 0; i < t.count(); ++i, to += size) {
    std::memcpy(to, from + static_cast<std::size_t>(source) * size, size);
    for (std::size_t d = rank; d-- > 0;) {
      source += stride[d];
      if (++at[d] < t.shape()[d]) break;
      source -= stride[d] * at[d];
      at[d] = 0;
    }
  }
  return out;
}
}  // namespace

Tensor read_npy_stream(const NextBytes& next, Index bytes, Index most_bytes, const std::string& where) {
  const auto [text, begin] = read_header_text(next, bytes, where);
  const Header header = HeaderParser(text, where).parse();
  TensorType type{*header.dtype, *header.shape};
  if (header.string_bytes > 0) type.shape.push_back(header.string_bytes);
  const Index size = checked_mul(element_count(type.shape, where.c_str()),
                                 static_cast<Index>(size_bytes(type.dtype)), where.c_str());
  if (size != bytes - begin)
    throw Error(where, std::string(name(type.dtype)) + to_string(type.shape) + " takes " +
                           std::to_string(size) + " bytes, but " + std::to_string(bytes - begin) +
                           " follow the npy header");
  if (size > most_bytes)
    throw Error(where, "takes " + std::to_string(size) + " bytes, at most " + std::to_string(most_bytes) +
                           " are allowed");
  Tensor t(type);
  next({static_cast<std::byte*>(t.mutable_data()), t.size_bytes()});
  if (type.dtype == DType::boolean)
    for (std::uint8_t& x : t.as_mutable<std::uint8_t>()) x = x != 0;
  return *header.fortran_order && type.shape.size() > 1 ? from_fortran_order(t) : t;
}

std::string npy_header(const TensorType& type, const std::string& where) {
  for (const NpyType& t : kTypes)
    if (t.dtype == type.dtype) return npy_header(t.descr, type.shape);
  throw Error(where, "NumPy has no type for " + std::string(name(type.dtype)));
}

std::string npy_header(std::string_view descr, const Shape& shape) {
  std::string dims;
  for (Index d : shape) dims += std::to_string(d) + ", ";
  if (shape.size() > 1) dims.resize(dims.size() - 2);
  if (shape.size() == 1) dims.pop_back();
  std::string text =
      "{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': (" + dims + "), }";
  const std::size_t unpadded = kMagic.size() + 4 + text.size() + 1;
  text.append((64 - unpadded % 64) % 64, ' ');
  text += '\n';
  const char start[] = {1, 0, static_cast<char>(text.size() & 255), static_cast<char>(text.size() >> 8)};
  return std::string(kMagic) + std::string(start, 4) + text;
}

Tensor read_npy(const std::filesystem::path& path, Index most_bytes) {
  const InputFile file(path);
  Index at = 0;
  const auto next = [&](std::span<std::byte> out) {
    file.read(at, out);
    at += std::ssize(out);
  };
  return read_npy_stream(next, file.size_bytes(), most_bytes, file.name());
}

void write_npy(const std::filesystem::path& path, const Tensor& t) {
  const std::string header = npy_header(t.type(), path.string());
  OutputFile file(path);
  file.write(std::as_bytes(std::span(header)));
  file.write({static_cast<const std::byte*>(t.data()), t.size_bytes()});
  file.commit();
}
}  // namespace tulle::io
