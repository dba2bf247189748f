#include "io/matrix_files.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "formats/check.hpp"
#include "io/compressed.hpp"
#include "io/file.hpp"
#include "ops/element.hpp"

namespace tulle::io {
std::vector<float> as_f32(const Tensor& t, const std::string& where) {
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(t.count()));
  ops::AnyType::visit(t.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (const T x : t.as<T>()) {
      values.push_back(static_cast<float>(static_cast<ops::Compute<T>>(x)));
      if constexpr (std::is_same_v<T, double>)
        if (std::isinf(values.back()) && std::isfinite(x))
          throw Error(where, "holds " + std::to_string(x) + ", which is more than f32 can hold");
    }
  });
  return values;
}

namespace {
/// Integers of a tensor of one dimension, all in [0, most].
template <class To>
std::vector<To> indices(const Tensor& t, To most, const std::string& where) {
  if (!ops::Integers::contains(t.dtype()) || t.shape().size() != 1)
    throw Error(where, "is " + std::string(name(t.dtype())) + to_string(t.shape()) +
                           "; whole numbers in one dimension are wanted");
  std::vector<To> found;
  found.reserve(static_cast<std::size_t>(t.count()));
  ops::Integers::visit(t.dtype(), [&](auto zero) {
    for (const decltype(zero) x : t.as<decltype(zero)>()) {
      if (std::cmp_less(x, 0) || std::cmp_greater(x, most))
        throw Error(where, "holds " + std::to_string(x) + " at place " + std::to_string(found.size()) +
                               "; 0 to " + std::to_string(most) + " are wanted");
      found.push_back(static_cast<To>(x));
    }
  });
  return found;
}
}  // namespace

std::vector<Index> as_indices(const Tensor& t, const std::string& where) {
  return indices(t, std::numeric_limits<Index>::max(), where);
}
std::vector<std::int32_t> as_int32(const Tensor& t, const std::string& where) {
  return indices(t, std::numeric_limits<std::int32_t>::max(), where);
}

bool is_matrix(const Shape& shape) {
  return shape.size() >= 2;
}

Csr matrix_of(const Tensor& dense, const std::string& where) {
  if (!is_matrix(dense.shape()))
    throw Error(where, "has the shape " + to_string(dense.shape()) + ", two dimensions or more are wanted");
  const Index rows = dense.shape()[0],
              cols = element_count({dense.shape().begin() + 1, dense.shape().end()}, where.c_str());
  if (rows > kMostRows ||  // [2^40, 0] takes no bytes of a file
      cols > std::numeric_limits<std::int32_t>::max())
    throw Error(where, "has the shape " + to_string(dense.shape()) + ", too long for a matrix");
  return csr_from_dense(as_f32(dense, where).data(), rows, cols, cols);
}

const std::string& choose_tensor(const std::vector<std::string>& names, const std::string& wanted,
                                 const std::string& where) {
  if (wanted.empty() && names.size() == 1) return names.front();
  for (const std::string& n : names)
    if (n == wanted) return n;
  std::string some;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 4); ++i)
    some += (i ? ", " : "") + names[i].substr(0, 80);
  if (names.size() > 4) some += ", ...";
  throw Error(where, (wanted.empty() ? "holds " + std::to_string(names.size()) + " matrices; name one"
                                     : "holds no matrix '" + wanted.substr(0, 80) + "'") +
                         (some.empty() ? std::string() : ": " + some));
}

namespace {
std::string lower_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return extension;
}

/// The extension that says how the content is to be read: that before .gz or .xz.
std::string content_extension(const std::filesystem::path& path) {
  return lower_extension(packing_of(path) == Packing::none ? path : path.stem());
}

struct TextFormat {
  std::string_view extension;
  Csr (*parse)(std::string_view, const std::string&, std::uint64_t);
  std::string (*write)(const CsrView&);  ///< nullptr: read only
};
constexpr TextFormat kTexts[] = {{".smtx", parse_smtx, smtx_text},
                                 {".mtx", parse_matrix_market, matrix_market_text},
                                 {".el", parse_edges, nullptr},
                                 {".tsv", parse_edges, nullptr},
                                 {".txt", parse_edges, nullptr}};

const TextFormat* text_format(const std::filesystem::path& path) {
  const std::string extension = content_extension(path);
  const auto found = std::find_if(std::begin(kTexts), std::end(kTexts),
                                  [&](const TextFormat& f) { return f.extension == extension; });
  return found == std::end(kTexts) ? nullptr : found;
}
}  // namespace
}  // namespace tulle::io

namespace tulle {
Csr read_matrix(const std::filesystem::path& path, const ReadOptions& options) {
  if (const io::TextFormat* format = io::text_format(path))
    return format->parse(io::read_text(path, options.most_bytes), path.string(), options.seed);
  const std::string extension = io::lower_extension(path);
  if (extension == ".npz") return io::read_npz_matrix(path, options);
  if (extension == ".npy") return io::matrix_of(io::read_npy(path, options.most_bytes), path.string());
  if (extension == ".safetensors") return io::read_safetensors(path, options);
  throw Error(path.string(),
              "is no name of a matrix: .smtx, .mtx, .el, .tsv, .txt (also with .gz, .xz), .npz, .npy and "
              ".safetensors are read");
}

void write_matrix(const std::filesystem::path& path, const CsrView& a) {
  const io::TextFormat* format = io::text_format(path);
  if (format && format->write)
    return io::write_file_atomically(path, io::packed(format->write(a), io::packing_of(path)));
  const std::string extension = io::lower_extension(path);
  if (extension == ".npz") return io::write_npz_matrix(path, a);
  if (extension == ".npy")
    return io::write_npy(path, Tensor::of<float>(DType::f32, {a.rows, a.cols}, to_dense(a)));
  throw Error(path.string(),
              "is no name that is written: .smtx, .mtx (also with .gz, .xz), .npz and .npy are");
}
}  // namespace tulle
