#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tulle {
using Index = std::int64_t;  ///< sizes, positions and offsets, counted in elements unless the name says bytes
using Shape = std::vector<Index>;

/// Element types; the values are Tulle's own, io/onnx.cpp translates ONNX's.
enum class DType : std::uint8_t { f32, f64, f16, bf16, i8, u8, i16, u16, i32, u32, i64, u64, boolean };

std::string_view name(DType);      ///< "f32", "i64", "bool", ...
std::size_t size_bytes(DType);     ///< of one element
std::string to_string(const Shape&);  ///< "[1, 128, 384]"

/// Shape and element type of a dense, row-major tensor. Shape {} is a scalar.
struct TensorType {
  DType dtype = DType::f32;
  Shape shape;
  bool operator==(const TensorType&) const = default;
};

/// A dense row-major tensor owned by somebody else, who keeps it alive during the call.
struct TensorView {
  TensorType type;
  const void* data = nullptr;
};
struct MutableTensorView {
  TensorType type;
  void* data = nullptr;
};
}  // namespace tulle
