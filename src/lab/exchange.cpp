#include "lab/exchange.hpp"
#include <algorithm>
#include "core/tensor.hpp"
#include "io/npz.hpp"
#include "tulle/error.hpp"

namespace tulle::lab {
namespace {
const Tensor& named(const io::NamedTensors& all, const std::string& name, DType dtype, const std::string& file) {
  const auto at = std::find_if(all.begin(), all.end(), [&](const auto& t) { return t.first == name; });
  if (at == all.end() || at->second.dtype() != dtype || at->second.shape().size() != 1)
    throw Error(file, "lacks '" + name + "' as a row of " + std::string(tulle::name(dtype)));
  return at->second;
}
template <class T> std::vector<T> values(const Tensor& t) { return {t.as<T>().begin(), t.as<T>().end()}; }
}  // namespace

void write_csr(const std::filesystem::path& path, const CsrView& a) {
  const Index shape[] = {a.rows, a.cols};
  io::write_npz(path, io::NamedTensors{{"data", Tensor::of<float>(DType::f32, {a.nnz()}, a.values)},
                                       {"indices", Tensor::of<std::int32_t>(DType::i32, {a.nnz()}, a.columns)},
                                       {"indptr", Tensor::of<Index>(DType::i64, {a.rows + 1}, a.offsets)},
                                       {"shape", Tensor::of<Index>(DType::i64, {2}, std::span<const Index>(shape))}});
}

Csr read_csr(const std::filesystem::path& path) {
  const io::NamedTensors all = io::read_npz(path);
  const std::vector<Index> shape = values<Index>(named(all, "shape", DType::i64, path));
  if (shape.size() != 2) throw Error(path, "its shape has " + std::to_string(shape.size()) + " sizes, wants 2");
  return make_csr(shape[0], shape[1], values<Index>(named(all, "indptr", DType::i64, path)),
                  values<std::int32_t>(named(all, "indices", DType::i32, path)), values<float>(named(all, "data", DType::f32, path)));
}

DType dtype_of(const std::string& text) {
  for (const DType d : {DType::f32, DType::bf16, DType::f16, DType::i8})
    if (name(d) == text) return d;
  throw Error("dtype", "'" + text + "' is none of f32, bf16, f16, i8");
}
}  // namespace tulle::lab
