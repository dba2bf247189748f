#pragma once
#include <onnx/onnx_pb.h>

#include <unordered_map>

#include "core/tensor.hpp"
#include "io/external_data.hpp"

namespace tulle::io {
/// Our type for a TensorProto.DataType; an Error that names the type when there is none (string, complex, f8,
/// int4).
DType dtype_from_onnx(int onnx_type, const std::string& where);
bool is_supported_dtype(int onnx_type);
std::string unsupported_type(int onnx_type);  ///< "has type string, which is not supported"

/// The tensors of one model. Each message is converted once, however often a function repeats it; its raw
/// bytes are freed then, so that a model needs memory for its weights once only.
class TensorReader {
 public:
  TensorReader(ExternalData external, Index most_grown_bytes)
      : external_(std::move(external)), grown_bytes_left_(most_grown_bytes) {}
  Tensor read(onnx::TensorProto&);
  Tensor read(onnx::SparseTensorProto&);  ///< made dense

 private:
  Tensor convert(const onnx::TensorProto&);
  Tensor densify(onnx::SparseTensorProto&);
  Tensor read_external(const onnx::TensorProto&, TensorType);

  ExternalData external_;
  Index grown_bytes_left_;
  std::unordered_map<const void*, Tensor> done_;
};
}  // namespace tulle::io
