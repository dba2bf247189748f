#include "io/npz.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
#include <numeric>

#include "support/temp_folder.hpp"
#include "tulle/error.hpp"

using namespace tulle;
using test::TempFolder;

namespace {
template <class T>
Tensor counting(DType dtype, Shape shape) {
  Tensor t(TensorType{dtype, std::move(shape)});
  std::iota(t.as_mutable<T>().begin(), t.as_mutable<T>().end(), T(1));
  return t;
}

std::string npy(const std::string& dict, const std::string& data, char major = 1) {
  std::string text = std::string("\x93NUMPY") + major + '\0';
  text += static_cast<char>(dict.size() & 255);
  text += static_cast<char>(dict.size() >> 8);
  if (major > 1) text += std::string(2, '\0');
  return text + dict + data;
}
std::string dict(const std::string& descr, const std::string& shape, const std::string& order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}
std::string bytes_of(const std::vector<float>& x) {
  return {reinterpret_cast<const char*>(x.data()), x.size() * sizeof(float)};
}

template <class T>
void put(std::string& s, std::size_t at, T value) {
  std::memcpy(s.data() + at, &value, sizeof value);
}
template <class T>
std::string le(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string deflated(const std::string& data) {
  std::string out(data.size() + 100, '\0');
  z_stream s{};
  deflateInit2(&s, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  s.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  s.avail_in = static_cast<uInt>(data.size());
  s.next_out = reinterpret_cast<Bytef*>(out.data());
  s.avail_out = static_cast<uInt>(out.size());
  deflate(&s, Z_FINISH);
  out.resize(s.total_out);
  deflateEnd(&s);
  return out;
}

/// A zip archive with one member whose fields a test can spoil.
struct Zip {
  std::string name = "x.npy", data;  // packed already when method is 8
  std::uint16_t flags = 0, method = 0;
  std::uint32_t crc = 0, packed = 0, size = 0;
  Zip(const std::string& array, bool deflate)
      : data(deflate ? deflated(array) : array), method(deflate ? 8 : 0) {
    crc = static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(array.data()), static_cast<uInt>(array.size())));
    packed = static_cast<std::uint32_t>(data.size());
    size = static_cast<std::uint32_t>(array.size());
  }
  std::string bytes() const {
    const std::string common = le<std::uint16_t>(20) + le(flags) + le(method) + le<std::uint32_t>(0) +
                               le(crc) + le(packed) + le(size) + le(static_cast<std::uint16_t>(name.size())) +
                               le<std::uint16_t>(0);
    const std::string local = "PK\x03\x04" + common + name + data;
    const std::string entry = "PK\x01\x02" + le<std::uint16_t>(20) + common + std::string(14, '\0') + name;
    return local + entry + "PK\x05\x06" + std::string(4, '\0') + le<std::uint16_t>(1) + le<std::uint16_t>(1) +
           le(static_cast<std::uint32_t>(entry.size())) + le(static_cast<std::uint32_t>(local.size())) +
           le<std::uint16_t>(0);
  }
};
const std::string kArray = npy(dict("<f4", "(2, 2)"), bytes_of({1, 2, 3, 4}));

std::string npy_error(const std::string& bytes) {
  static const TempFolder folder;
  const auto path = folder.write("x.npy", bytes);
  return test::message_of<Error>([&] { io::read_npy(path, 1 << 20); });
}
std::string npz_error(const std::string& bytes) {
  static const TempFolder folder;
  const auto path = folder.write("x.npz", bytes);
  return test::message_of<Error>([&] { io::read_npz(path, 1 << 20); });
}
}  // namespace

TEST(Npz, GivesBackWhatWasWritten) {
  const TempFolder folder;
  const std::uint8_t truth[] = {1, 0, 1};
  const io::NamedTensors written = {{"a", counting<float>(DType::f32, {3, 5, 7})},
                                    {"sub/b", counting<std::int64_t>(DType::i64, {})},
                                    {"c", counting<double>(DType::f64, {0, 4})},
                                    {"d", Tensor::of<std::uint8_t>(DType::boolean, {3}, truth)},
                                    {"e", counting<std::uint16_t>(DType::f16, {9})}};
  io::write_npz(folder / "t.npz", written);
  const io::NamedTensors read = io::read_npz(folder / "t.npz");
  ASSERT_EQ(read.size(), written.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].first, written[i].first);
    ASSERT_EQ(read[i].second.type(), written[i].second.type());
    EXPECT_EQ(std::memcmp(read[i].second.data(), written[i].second.data(), read[i].second.size_bytes()), 0);
  }
}

TEST(Npz, LeavesNoFileWhenWritingFails) {
  const TempFolder folder;
  const io::NamedTensors bad = {{"a", counting<float>(DType::f32, {3})},
                                {"b", counting<std::uint16_t>(DType::bf16, {3})}};
  EXPECT_SAYS(test::message_of<Error>([&] { io::write_npz(folder / "t.npz", bad); }),
              "NumPy has no type for bf16");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Npy, GivesBackWhatWasWritten) {
  const TempFolder folder;
  const Tensor t = counting<std::int16_t>(DType::i16, {1, 11});
  io::write_npy(folder / "t.npy", t);
  const Tensor back = io::read_npy(folder / "t.npy");
  ASSERT_EQ(back.type(), t.type());
  EXPECT_EQ(std::memcmp(back.data(), t.data(), t.size_bytes()), 0);
  EXPECT_EQ(std::filesystem::file_size(folder / "t.npy") % 64, t.size_bytes() % 64);
}

TEST(Npy, TurnsFortranOrderIntoCOrder) {
  const TempFolder folder;
  const auto path =
      folder.write("f.npy", npy(dict("<f4", "(2, 3)", "True"), bytes_of({11, 21, 12, 22, 13, 23})));
  const Tensor t = io::read_npy(path);
  EXPECT_EQ(t.shape(), (Shape{2, 3}));
  const std::vector<float> want = {11, 12, 13, 21, 22, 23};
  EXPECT_TRUE(std::equal(want.begin(), want.end(), t.as<float>().begin()));
}

TEST(Npy, ReadsVersionsOneToThree) {
  for (char major : {1, 2, 3}) EXPECT_EQ(npy_error(npy(dict("<f4", "(1,)"), bytes_of({1}), major)), "");
  EXPECT_SAYS(npy_error(npy(dict("<f4", "(1,)"), bytes_of({1}), 4)), "version 4.0 is not supported");
}

TEST(Npy, RefusesWhatItCannotTrust) {
  EXPECT_SAYS(npy_error(""), "too few for an .npy");
  EXPECT_SAYS(npy_error("hello, I am a text file"), "is no .npy");
  EXPECT_SAYS(npy_error(npy(dict("|O", "(1,)"), "12345678")), "never unpickled");
  EXPECT_SAYS(npy_error(npy(dict(">f4", "(1,)"), "1234")), "big-endian");
  EXPECT_SAYS(npy_error(npy(dict("<c8", "(1,)"), "12345678")), "type '<c8' is not supported");
  EXPECT_SAYS(npy_error(npy(dict("<f4", "(2, 2)"), "1234")), "takes 16 bytes, but 4 follow");
  EXPECT_SAYS(npy_error(npy(dict("<f4", "(4611686018427387904, 4)"), "1234")), "does not fit 64 bits");
  EXPECT_SAYS(npy_error(npy(dict("<f4", "(-1,)"), "1234")), "is no dimension");
  EXPECT_SAYS(npy_error(npy(dict("<f4", "(1+1,)"), "12345678")), "')' is wanted");
  EXPECT_SAYS(npy_error(npy(dict("<f4", "(99999999999999999999,)"), "")), "is no dimension");
  EXPECT_SAYS(npy_error(npy("{'descr': '<f4', 'shape': (1,)}", "1234")), "is missing");
  EXPECT_SAYS(npy_error(npy("{'descr': '<f4', 'descr': '<f4'}", "1234")), "given twice");
  EXPECT_SAYS(npy_error(npy("{'descr': __import__('os')}", "1234")), "is wanted before");
  EXPECT_SAYS(npy_error(npy(dict("<f4", "(1000000,)"), std::string(4000000, 'x'))),
              "at most 1048576 are allowed");
}

TEST(Npz, ReadsStoredAndDeflated) {
  EXPECT_EQ(npz_error(Zip(kArray, false).bytes()), "");
  EXPECT_EQ(npz_error(Zip(kArray, true).bytes()), "");
}

TEST(Npz, RefusesDamagedArchives) {
  const auto spoilt = [](bool deflate, auto spoil) {
    Zip zip(kArray, deflate);
    spoil(zip);
    return npz_error(zip.bytes());
  };
  EXPECT_SAYS(spoilt(false, [](Zip& z) { z.flags = 1; }), "is encrypted");
  EXPECT_SAYS(spoilt(false, [](Zip& z) { z.method = 99; }), "compression method 99");
  EXPECT_SAYS(spoilt(false, [](Zip& z) { z.crc ^= 1; }), "checksum");
  EXPECT_SAYS(spoilt(true, [](Zip& z) { z.crc ^= 1; }), "checksum");
  EXPECT_SAYS(spoilt(false, [](Zip& z) { z.size += 1; }), "two sizes differ");
  EXPECT_SAYS(spoilt(true, [](Zip& z) { z.size += 4; }), "bytes, but");
  EXPECT_SAYS(spoilt(true, [](Zip& z) { z.packed /= 2; }), "cut short");
  EXPECT_SAYS(spoilt(true, [](Zip& z) { z.size = 0xfffffff0; }), "more than deflate can hold");
  EXPECT_SAYS(spoilt(true, [](Zip& z) { z.size = 0xffffffff; }), "zip64");
  EXPECT_SAYS(spoilt(false, [](Zip& z) { z.name = "readme.txt"; }), "is no array");
  EXPECT_SAYS(npz_error("PK"), "no end of a zip archive");
}

TEST(Npz, UnpacksABombOnlyToTheLimit) {
  const std::string zeros = npy(dict("<f4", "(2500000,)"), std::string(10000000, '\0'));
  EXPECT_SAYS(npz_error(Zip(zeros, true).bytes()), "takes 10000000 bytes, at most 1048576 are allowed");
}

TEST(Npz, NeverCrashesOnCutOrFlippedBytes) {
  for (const bool deflate : {false, true}) {
    const std::string good = Zip(kArray, deflate).bytes();
    for (std::size_t cut = 0; cut < good.size(); ++cut) EXPECT_NE(npz_error(good.substr(0, cut)), "");
    for (std::size_t at = 0; at < good.size(); at += 3) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
      npz_error(bad);  // an Error or arrays; ASan watches
    }
  }
}
