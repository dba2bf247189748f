// SciPy's archives and dense arrays, as matrices.
#include <gtest/gtest.h>

#include "io/matrix_files.hpp"
#include "support/temp_folder.hpp"

using namespace tulle;

namespace {
using Texts = std::vector<std::pair<std::string, std::string>>;

template <class T>
Tensor array(DType dtype, Shape shape, std::vector<T> values) {
  return Tensor::of<T>(dtype, std::move(shape), values);
}
Tensor i32(std::vector<std::int32_t> x) {
  return array(DType::i32, {std::ssize(x)}, x);
}
Tensor i64(std::vector<Index> x) {
  return array(DType::i64, {std::ssize(x)}, x);
}
Tensor f32(std::vector<float> x) {
  return array(DType::f32, {std::ssize(x)}, x);
}

/// An archive of one test, whose arrays it may replace before it is read.
struct Archive {
  io::NamedTensors arrays;
  std::string format;

  Archive& with(const std::string& name, Tensor t) {
    for (auto& [n, tensor] : arrays)
      if (n == name) return tensor = std::move(t), *this;
    arrays.emplace_back(name, std::move(t));
    return *this;
  }
  Csr read(const ReadOptions& options = {}) const {
    const test::TempFolder folder;
    io::write_npz(folder / "a.npz", arrays, format.empty() ? Texts{} : Texts{{"format", format}});
    return read_matrix(folder / "a.npz", options);
  }
  std::string error() const {
    return test::message_of<Error>([&] { read(); });
  }
};

const Csr kMatrix{3, 4, {0, 2, 2, 3}, {0, 3, 1}, {1, 2, 3}};
Archive csr() {
  return {{{"indices", i32({0, 3, 1})},
           {"indptr", i32({0, 2, 2, 3})},
           {"shape", i64({3, 4})},
           {"data", f32({1, 2, 3})}},
          "csr"};
}
}  // namespace

TEST(ScipyNpz, ReadsTheFormatsOfSciPy) {
  EXPECT_EQ(csr().read(), kMatrix);
  EXPECT_EQ(csr().with("indices", i64({3, 0, 1})).with("data", f32({2, 1, 3})).read(), kMatrix)
      << "unsorted, i64";
  EXPECT_EQ((Archive{{{"indices", i32({0, 2, 0})},
                      {"indptr", i32({0, 1, 2, 2, 3})},
                      {"shape", i64({3, 4})},
                      {"data", f32({1, 3, 2})}},
                     "csc"}
                 .read()),
            kMatrix);
  EXPECT_EQ((Archive{{{"row", i32({2, 0, 0, 2})},
                      {"col", i32({1, 3, 0, 1})},
                      {"shape", i64({3, 4})},
                      {"data", f32({1, 2, 1, 2})}},
                     "coo"}
                 .read()),
            kMatrix)
      << "summed";
  const Tensor blocks = array<float>(DType::f32, {2, 3, 2}, {1, 0, 0, 0, 0, 3, 0, 2, 0, 0, 0, 0});
  EXPECT_EQ(
      (Archive{{{"indices", i32({0, 1})}, {"indptr", i32({0, 2})}, {"shape", i64({3, 4})}, {"data", blocks}},
               "bsr"}
           .read()),
      kMatrix);
}

TEST(ScipyNpz, ReadsEveryTypeOfNumber) {
  EXPECT_EQ(csr().with("data", array<double>(DType::f64, {3}, {1, 2, 3})).read(), kMatrix);
  EXPECT_EQ(csr().with("data", array<std::int8_t>(DType::i8, {3}, {1, 2, 3})).read(), kMatrix);
  EXPECT_EQ(csr().with("data", array<std::uint64_t>(DType::u64, {3}, {1, 2, 3})).read(), kMatrix);
  EXPECT_EQ(csr().with("data", array<std::uint16_t>(DType::f16, {3}, {0x3c00, 0x4000, 0x4200})).read(),
            kMatrix);
  EXPECT_SAYS(csr().with("data", array<double>(DType::f64, {3}, {1, 1e300, 3})).error(),
              "more than f32 can hold");
}

TEST(ScipyNpz, RefusesDamage) {
  Archive dia = csr();
  dia.format = "dia";
  EXPECT_SAYS(dia.error(), "'format': is 'dia'; csr, csc, coo and bsr are read");
  EXPECT_SAYS(csr().with("indptr", i32({0, 2, 1, 3})).error(),
              "a.npz: csr: the offsets fall from 2 to 1 at row 1");
  EXPECT_SAYS(csr().with("indptr", i32({0, 2, 2, 9})).error(),
              "the last offset is 9, but there are 3 entries");
  EXPECT_SAYS(csr().with("indptr", i32({0, 3})).error(), "2 offsets, 4 are wanted");
  EXPECT_SAYS(csr().with("indptr", f32({0, 2, 2, 3})).error(), "'indptr': is f32[4]; whole numbers");
  EXPECT_SAYS(csr().with("indices", i32({0, 4, 1})).error(), "row 0, entry 1: column 4 is not in [0, 4)");
  EXPECT_SAYS(csr().with("indices", i32({0, -3, 1})).error(), "'indices': holds -3 at place 1");
  EXPECT_SAYS(csr().with("indices", i64({0, Index{1} << 40, 1})).error(), "holds 1099511627776 at place 1");
  EXPECT_SAYS(csr().with("indices", i32({3, 3, 1})).error(), "column 3 is there twice");
  EXPECT_SAYS(csr().with("indices", i32({3, 1})).error(), "2 columns, 3 are wanted");
  EXPECT_SAYS(csr().with("shape", i64({3})).error(), "'shape': has 1 numbers, 2 are wanted");
  EXPECT_SAYS(csr().with("shape", i64({3, -4})).error(), "'shape': holds -4");
  EXPECT_SAYS(csr().with("shape", i64({Index{1} << 30, 4})).error(), "1073741824 rows, at most 134217728");
  EXPECT_SAYS(csr().with("shape", i64({3, Index{1} << 40})).error(),
              "3 x 1099511627776 is no size of a matrix");
  EXPECT_SAYS(csr().with("data", array<float>(DType::f32, {3, 1}, {1, 2, 3})).error(),
              "'data': has the shape [3, 1], 1 dimension is");
  EXPECT_SAYS((Archive{{{"shape", i64({3, 4})}}, "csr"}.error()), "a.npz: holds no array '");
  EXPECT_SAYS(
      (Archive{{{"row", i32({9})}, {"col", i32({0})}, {"shape", i64({3, 4})}, {"data", f32({1})}}, "coo"}
           .error()),
      "entry 0 lies at row 9, column 0 of a 3 x 4 matrix");
  const Tensor none = array<float>(DType::f32, {0, 0, 2}, {});
  EXPECT_SAYS(
      (Archive{{{"indices", i32({})}, {"indptr", i32({0})}, {"shape", i64({3, 4})}, {"data", none}}, "bsr"}
           .error()),
      "blocks of 0x2");
}

TEST(ScipyNpz, NeverCrashesOnCutOrFlippedBytes) {
  const test::TempFolder folder;
  write_matrix(folder / "a.npz", kMatrix.view());
  std::ifstream in(folder / "a.npz", std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(read_matrix(folder / "a.npz"), kMatrix);
  for (std::size_t cut = 0; cut < good.size(); cut += 7)
    EXPECT_NE(test::message_of<Error>([&] { read_matrix(folder.write("b.npz", good.substr(0, cut))); }), "")
        << cut;
  for (std::size_t at = 0; at < good.size(); at += 7) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
    test::message_of<Error>(
        [&] { read_matrix(folder.write("b.npz", bad)); });  // an Error or a matrix; ASan watches
  }
}

TEST(DenseArrays, BecomeMatricesWithoutTheirZeros) {
  const Tensor a = array<float>(DType::f32, {3, 4}, {1, 0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 0});
  const Tensor convolution = a.reshaped({3, 2, 1, 2});
  EXPECT_EQ((Archive{{{"w", a}, {"bias", f32({1})}}, ""}.read()), kMatrix)
      << "the only one of two dimensions";
  EXPECT_EQ((Archive{{{"w", convolution}, {"v", a}}, ""}.read({.tensor = "w"})), kMatrix);
  EXPECT_SAYS((Archive{{{"w", a}, {"v", a}}, ""}.error()), "holds 2 matrices; name one: w, v");
  EXPECT_SAYS((Archive{{{"bias", f32({1})}}, ""}.error()), "holds 0 matrices; name one");
  EXPECT_SAYS(test::message_of<Error>([&] {
                (Archive{{{"w", a}}, ""}.read({.tensor = "x"}));
              }),
              "holds no matrix 'x': w");
  const test::TempFolder folder;
  io::write_npy(folder / "a.npy", f32({1, 2}));
  EXPECT_SAYS(test::message_of<Error>([&] { read_matrix(folder / "a.npy"); }),
              "has the shape [2], two dimensions");
  io::write_npy(folder / "a.npy", Tensor(TensorType{DType::f32, {Index{1} << 40, 0}}));
  EXPECT_SAYS(test::message_of<Error>([&] { read_matrix(folder / "a.npy"); }), "too long for a matrix");
  io::write_npy(folder / "a.npy", a);
  EXPECT_SAYS(test::message_of<Error>([&] { read_matrix(folder / "a.npy", {.most_bytes = 40}); }),
              "at most 40 are allowed");
}
