// What scipy.sparse.save_npz writes: "format", "shape", "data" and the arrays of the format's indices.
#include <algorithm>

#include "formats/check.hpp"
#include "io/matrix_files.hpp"

namespace tulle::io {
namespace {
/// The arrays of one file, asked for by name.
class Arrays {
 public:
  Arrays(const std::filesystem::path& path, Index most_bytes)
      : where_(path.string()), arrays_(read_npz(path, most_bytes)) {}
  const std::string& where() const { return where_; }
  std::string where(const std::string& name) const { return where_ + ": '" + name + "'"; }
  const Tensor* find(const std::string& name) const {
    for (const auto& [n, tensor] : arrays_)
      if (n == name) return &tensor;
    return nullptr;
  }
  const Tensor& get(const std::string& name) const {
    if (const Tensor* t = find(name)) return *t;
    throw Error(where_, "holds no array '" + name + "'");
  }
  std::vector<Index> indices(const std::string& name) const { return as_indices(get(name), where(name)); }
  std::vector<std::int32_t> int32(const std::string& name) const { return as_int32(get(name), where(name)); }
  std::vector<float> values(const std::string& name, std::size_t dimensions) const {
    const Tensor& t = get(name);
    if (t.shape().size() != dimensions)
      throw Error(where(name), "has the shape " + to_string(t.shape()) + ", " + std::to_string(dimensions) +
                                   (dimensions == 1 ? " dimension is wanted" : " dimensions are wanted"));
    return as_f32(t, where(name));
  }
  /// A byte string, which read_npz() gives as its bytes.
  std::string text(const std::string& name) const {
    const Tensor& t = get(name);
    if (t.dtype() != DType::u8 || t.shape().size() != 1) throw Error(where(name), "is no byte string");
    const auto bytes = t.as<std::uint8_t>();
    const std::string text(bytes.begin(), bytes.end());
    return text.substr(0, text.find('\0'));
  }
  std::vector<std::string> matrices() const {
    std::vector<std::string> names;
    for (const auto& [n, tensor] : arrays_)
      if (is_matrix(tensor.shape())) names.push_back(n);
    return names;
  }

 private:
  std::string where_;
  NamedTensors arrays_;
};

struct Size {
  Index rows, cols;
};

Csr from_csr(const Arrays& x, Size size) {
  return make_csr(size.rows, size.cols, x.indices("indptr"), x.int32("indices"), x.values("data", 1));
}

/// The CSC arrays of A are the CSR arrays of its transpose; make_csr() sorts them.
Csr from_csc(const Arrays& x, Size size) {
  return transpose(
      make_csr(size.cols, size.rows, x.indices("indptr"), x.int32("indices"), x.values("data", 1)).view());
}

Csr from_coo(const Arrays& x, Size size) {
  const Coo c{size.rows, size.cols, x.int32("row"), x.int32("col"), x.values("data", 1)};
  check(c);
  return to_csr(c);
}

Csr from_bsr(const Arrays& x, Size size) {
  std::vector<float> values = x.values("data", 3);
  const Shape& shape = x.get("data").shape();
  const Bsr b{size.rows,           size.cols,          shape[1],         shape[2],
              x.indices("indptr"), x.int32("indices"), std::move(values)};
  check(b.view());
  return to_csr(b.view());
}

struct ScipyFormat {
  std::string_view name;
  Csr (*read)(const Arrays&, Size);
};
constexpr ScipyFormat kFormats[] = {
    {"csr", from_csr}, {"csc", from_csc}, {"coo", from_coo}, {"bsr", from_bsr}};
}  // namespace

Csr read_npz_matrix(const std::filesystem::path& path, const ReadOptions& options) {
  const Arrays arrays(path, options.most_bytes);
  if (!arrays.find("format") || !options.tensor.empty()) {
    const std::string chosen = choose_tensor(arrays.matrices(), options.tensor, arrays.where());
    return matrix_of(arrays.get(chosen), arrays.where(chosen));
  }
  const std::string format = arrays.text("format");
  const std::vector<Index> shape = arrays.indices("shape");
  if (shape.size() != 2)
    throw Error(arrays.where("shape"), "has " + std::to_string(shape.size()) + " numbers, 2 are wanted");
  if (shape[0] > kMostRows)
    throw Error(arrays.where("shape"),
                std::to_string(shape[0]) + " rows, at most " + std::to_string(kMostRows) + " are read");
  for (const ScipyFormat& f : kFormats)
    if (f.name == format)
      return checked_in(arrays.where(), [&] { return f.read(arrays, {shape[0], shape[1]}); });
  throw Error(arrays.where("format"), "is '" + format.substr(0, 24) + "'; csr, csc, coo and bsr are read");
}

void write_npz_matrix(const std::filesystem::path& path, const CsrView& a) {
  const Index size[] = {a.rows, a.cols};
  const NamedTensors arrays = {{"indices", Tensor::of<std::int32_t>(DType::i32, {a.nnz()}, a.columns)},
                               {"indptr", Tensor::of<Index>(DType::i64, {a.rows + 1}, a.offsets)},
                               {"shape", Tensor::of<Index>(DType::i64, {2}, size)},
                               {"data", Tensor::of<float>(DType::f32, {a.nnz()}, a.values)}};
  const std::pair<std::string, std::string> format[] = {{"format", "csr"}};
  write_npz(path, arrays, format);
}
}  // namespace tulle::io
