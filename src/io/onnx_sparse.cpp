// SparseTensorProto (ONNX IR, coordinate format) made dense: the plan looks for zeros itself, wherever they
// come from.
#include <cstring>

#include "io/onnx_tensor.hpp"

namespace tulle::io {
namespace {
/// Positions in the dense tensor, one for each value, checked: in range and strictly rising, as ONNX demands.
class Positions {
 public:
  Positions(const std::string& where, const Tensor& indices, const Shape& dims, Index nnz)
      : where_(where), indices_(indices.as<Index>()), dims_(dims), count_(element_count_unchecked(dims)) {
    const Index rank = std::ssize(dims);
    const Shape& shape = indices.shape();
    if (indices.dtype() != DType::i64)
      throw Error(where, "the indices are " + std::string(name(indices.dtype())) + ", i64 is wanted");
    if (shape.empty() || shape.size() > 2 || shape[0] != nnz || (shape.size() == 2 && shape[1] != rank))
      throw Error(where, "the indices have shape " + to_string(shape) + " for " + std::to_string(nnz) +
                             " values of a tensor of shape " + to_string(dims));
    linear_ = shape.size() == 1;
  }
  Index next() {
    const Index p = linear_ ? indices_[at_] : position();
    if (p < 0 || p >= count_)
      fail("index " + std::to_string(p) + " is not in [0, " + std::to_string(count_) + ")");
    if (p <= last_) fail("the index does not rise: " + std::to_string(p) + " after " + std::to_string(last_));
    ++at_;
    return last_ = p;
  }

 private:
  Index position() const {
    Index p = 0;
    for (std::size_t d = 0; d < dims_.size(); ++d) {
      const Index i = indices_[at_ * dims_.size() + d];
      if (i < 0 || i >= dims_[d])
        fail("index " + std::to_string(i) + " is not in [0, " + std::to_string(dims_[d]) + ") of dimension " +
             std::to_string(d));
      p = p * dims_[d] + i;
    }
    return p;
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(where_, "value " + std::to_string(at_) + ": " + what);
  }

  const std::string& where_;
  std::span<const Index> indices_;
  const Shape& dims_;
  Index count_, last_ = -1;
  std::size_t at_ = 0;
  bool linear_ = false;
};
}  // namespace

Tensor TensorReader::densify(onnx::SparseTensorProto& proto) {
  const std::string where = "sparse tensor '" + proto.values().name() + "'";
  if (!proto.has_values() || !proto.has_indices()) throw Error(where, "lacks values or indices");
  const Tensor values = read(*proto.mutable_values());
  const Tensor indices = read(*proto.mutable_indices());
  const TensorType type{values.dtype(), {proto.dims().begin(), proto.dims().end()}};
  const auto size = static_cast<Index>(size_bytes(type.dtype));
  const Index bytes = checked_mul(element_count(type.shape, where.c_str()), size, where.c_str());
  if (values.shape().size() != 1)
    throw Error(where, "the values have shape " + to_string(values.shape()) + ", one dimension is wanted");
  Positions positions(where, indices, type.shape, values.count());
  if (bytes > grown_bytes_left_)
    throw Error(where, to_string(type.shape) + " takes " + std::to_string(bytes) +
                           " bytes when dense, at most " + std::to_string(grown_bytes_left_) +
                           " are allowed");
  grown_bytes_left_ -= bytes;
  Tensor dense = Tensor::zeros(type);
  auto* to = static_cast<std::byte*>(dense.mutable_data());
  const auto* from = static_cast<const std::byte*>(values.data());
  for (Index i = 0; i < values.count(); ++i)
    std::memcpy(to + positions.next() * size, from + i * size, static_cast<std::size_t>(size));
  return dense;
}
}  // namespace tulle::io
