#include "io/safetensors.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "io/matrix_files.hpp"
#include "support/temp_folder.hpp"

using namespace tulle;

namespace {
template <class T>
std::string bytes(const std::vector<T>& x) {
  return {reinterpret_cast<const char*>(x.data()), x.size() * sizeof(T)};
}
std::string file(const std::string& header, const std::string& data) {
  return bytes<std::uint64_t>({header.size()}) + header + data;
}
std::string entry(const std::string& name, const std::string& type, const std::string& shape, int begin,
                  int end) {
  return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":[" +
         std::to_string(begin) + "," + std::to_string(end) + "]}";
}
Csr read(const std::string& content, const ReadOptions& options = {}) {
  const test::TempFolder folder;
  return read_matrix(folder.write("m.safetensors", content), options);
}
std::string says(const std::string& content, const ReadOptions& options = {}) {
  return test::message_of<Error>([&] { read(content, options); });
}
/// What is said of this header before 16 bytes of data.
std::string header_says(const std::string& header) {
  return says(file(header, std::string(16, '\0')));
}

const std::vector<float> kDense = {0, 1, 2, 0};
const std::string kGood = file("{" + entry("w", "F32", "[2,2]", 0, 16) + "}", bytes(kDense));

/// 3 x 10 with entries (0, 1), (0, 9), (2, 8), as llm-compressor packs it.
std::string packed(const std::string& shape = bytes<Index>({3, 10}),
                   const std::string& bits = std::string("\2\2\0\0\0\1", 6),
                   const std::string& offsets = bytes<Index>({0, 2, 2})) {
  return file("{" + entry("w.shape", "I64", "[2]", 0, 16) + "," +
                  entry("w.row_offsets", "I64", "[3]", 16, 40) + "," +
                  entry("w.compressed", "BF16", "[3]", 40, 46) + "," +
                  entry("w.bitmask", "U8", "[3,2]", 46, 52) + "}",
              shape + offsets + bytes<std::uint16_t>({0x3f80, 0x4000, 0x4040}) + bits);
}
}  // namespace

TEST(SafeTensors, GiveTheNamedTensorOrTheOnlyMatrix) {
  const Csr want{2, 2, {0, 1, 2}, {1, 0}, {1, 2}};
  EXPECT_EQ(read(kGood), want);
  const std::string two =
      file("{\"__metadata__\":{\"format\":\"pt\"}, " +
               entry("a.b\\u00e9\\n\\ud83d\\ude00", "F32", "[2,1,2]", 16, 32) + " ,\n " +
               entry("w", "F16", "[2,2]", 8, 16) + "," + entry("bias", "F32", "[2]", 0, 8) + "}   ",
           bytes<float>({5, 6}) + bytes<std::uint16_t>({0, 0x3c00, 0x4000, 0}) + bytes(kDense));
  EXPECT_EQ(read(two, {.tensor = "w"}), want);
  EXPECT_EQ(read(two, {.tensor = "a.b\xc3\xa9\n\xf0\x9f\x98\x80"}), want);
  EXPECT_SAYS(says(two), "holds 2 matrices; name one: a.b");
  EXPECT_SAYS(says(two, {.tensor = "bias"}), "holds no matrix 'bias'");
  EXPECT_EQ(read(file("{" + entry("w", "F32", "[0,3]", 0, 0) + "}", "")), (Csr{0, 3, {0}, {}, {}}));
}

TEST(SafeTensors, UnpackBitmasks) {
  const Csr want{3, 10, {0, 2, 2, 3}, {1, 9, 8}, {1, 2, 3}};
  EXPECT_EQ(read(packed()), want);
  EXPECT_EQ(read(packed(), {.tensor = "w"}), want);
}

TEST(SafeTensors, RefuseDamagedBitmasks) {
  EXPECT_SAYS(says(packed(bytes<Index>({3, 17}))), "its bitmask is u8[3, 2], u8[3, 3] is wanted");
  EXPECT_SAYS(says(packed(bytes<Index>({2, 10}))), "u8[2, 2] is wanted");
  EXPECT_SAYS(says(packed(bytes<Index>({-3, 10}))), "holds -3");
  EXPECT_SAYS(says(packed(bytes<Index>({3, Index{1} << 62}))), "holds 4611686018427387904");
  EXPECT_SAYS(says(packed(bytes<Index>({3, 10}), std::string("\2\2\0\0\0\3", 6))),
              "row 2 has 2 bits set, but 1 values");
  EXPECT_SAYS(says(packed(bytes<Index>({3, 10}), std::string("\2\4\0\0\0\1", 6))),
              "row 0 has a bit set past column 9");
  EXPECT_SAYS(says(packed(bytes<Index>({3, 10}), std::string("\2\2\0\0\0\1", 6), bytes<Index>({0, 3, 2}))),
              "offsets fall");
}

TEST(SafeTensors, RefuseDamagedFiles) {
  const auto length_says = [](std::uint64_t length) {
    return says(bytes<std::uint64_t>({length}) + kGood.substr(8));
  };
  EXPECT_SAYS(says(""), "has 0 bytes, too few for a .safetensors");
  EXPECT_SAYS(length_says(std::uint64_t{1} << 63), "says its header has 9223372036854775808 bytes");
  EXPECT_SAYS(length_says(~std::uint64_t{0}), "says its header has 18446744073709551615 bytes");
  EXPECT_SAYS(length_says(kGood.size()), "says its header has");
  EXPECT_SAYS(says(file("", "")), "its header does not begin with '{'");
  EXPECT_SAYS(says(file("[]", "")), "its header does not begin with '{'");
  EXPECT_SAYS(says(kGood + "x"), "has 17 bytes of data, its header tells of 16");
  for (std::size_t cut = 0; cut < kGood.size(); ++cut) EXPECT_NE(says(kGood.substr(0, cut)), "") << cut;
  for (std::size_t at = 0; at < kGood.size(); ++at) {
    std::string bad = kGood;
    bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
    says(bad);  // an Error or a matrix; ASan watches
  }
}

TEST(SafeTensors, RefuseWrongDescriptions) {
  const auto of = [](const std::string& type, const std::string& shape, int begin = 0, int end = 16) {
    return header_says("{" + entry("w", type, shape, begin, end) + "}");
  };
  EXPECT_EQ(of("F32", "[2,2]"), "");
  EXPECT_SAYS(of("F31", "[2,2]"), "the type 'F31' is unknown");
  EXPECT_SAYS(of("F8_E4M3", "[4,4]"), "the type F8_E4M3 is not supported");
  EXPECT_SAYS(of("F32", "[2,3]"), "F32[2, 3] takes 24 bytes, its offsets give 16");
  EXPECT_SAYS(of("F32", "[4611686018427387904,4]"), "does not fit 64 bits");
  EXPECT_SAYS(of("F32", "[-2,2]"), "a whole number from 0 on is wanted");
  EXPECT_SAYS(of("F32", "[2.0,2]"), "']' is wanted before");
  EXPECT_SAYS(of("F32", "[02,2]"), "a number begins with 0");
  EXPECT_SAYS(of("F32", "[99999999999999999999]"), "a whole number");
  EXPECT_SAYS(of("F32", "[2,2]", 16, 0), "are not two rising numbers");
  EXPECT_SAYS(of("F32", "[2,1]", 8, 16), "begins at byte 8, 0 is wanted");
  EXPECT_SAYS(
      header_says("{" + entry("a", "F32", "[2,2]", 0, 16) + "," + entry("b", "F32", "[2]", 8, 16) + "}"),
      "'b': begins at byte 8, 16 is wanted");
}

TEST(SafeTensors, ReadJsonStrictly) {
  const std::string w = entry("w", "F32", "[2,2]", 0, 16);
  EXPECT_SAYS(header_says("{" + w + "," + w + "}"), "the tensor 'w' is given twice");
  EXPECT_SAYS(header_says("{" + w + "}{"), "text follows the header");
  EXPECT_SAYS(header_says("{" + w + ",}"), "'\"' is wanted before '}'");
  EXPECT_SAYS(header_says("{" + w), "'}' is wanted");
  EXPECT_SAYS(header_says("{\"w\":{\"dtype\":\"F32\",\"shape\":[2,2]}}"),
              "lacks dtype, shape or data_offsets");
  EXPECT_SAYS(header_says("{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}"), "'dtype' is given twice");
  EXPECT_SAYS(header_says("{\"w\":{\"kind\":1}}"), "the key 'kind' is unknown");
  EXPECT_SAYS(header_says("{\"__metadata__\":{\"a\":1}," + w + "}"), "'\"' is wanted before '1}");
  EXPECT_SAYS(header_says("{\"__metadata__\":{},\"__metadata__\":{}," + w + "}"), "given twice");
  EXPECT_SAYS(header_says("{\"w" + std::string(1, '\1') + "\":1}"), "a control character");
  EXPECT_SAYS(header_says("{\"\\x\":1}"), "an unknown escape");
  EXPECT_SAYS(header_says("{\"\\u12g4\":1}"), "four hexadecimal digits");
  EXPECT_SAYS(header_says("{\"\\ud800x\":1}"), "half of a surrogate pair");
  EXPECT_SAYS(header_says("{\"w"), "the header ends within a string");
  EXPECT_SAYS(header_says("{\"w\":" + std::string(100000, '[')), "'{' is wanted before");
}
