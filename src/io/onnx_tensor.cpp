// TensorProto to Tensor: raw bytes, typed lists, bytes in another file. Sizes are compared before memory is
// asked for.
#include "io/onnx_tensor.hpp"

#include <charconv>
#include <cstring>
#include <limits>
#include <optional>

namespace tulle::io {
namespace {
using onnx::TensorProto;

struct OnnxType {
  const char* name;
  std::optional<DType> dtype;
};
/// Indexed by TensorProto.DataType, as of IR version 14.
constexpr OnnxType kOnnxTypes[] = {{"undefined", {}},
                                   {"float", DType::f32},
                                   {"uint8", DType::u8},
                                   {"int8", DType::i8},
                                   {"uint16", DType::u16},
                                   {"int16", DType::i16},
                                   {"int32", DType::i32},
                                   {"int64", DType::i64},
                                   {"string", {}},
                                   {"bool", DType::boolean},
                                   {"float16", DType::f16},
                                   {"double", DType::f64},
                                   {"uint32", DType::u32},
                                   {"uint64", DType::u64},
                                   {"complex64", {}},
                                   {"complex128", {}},
                                   {"bfloat16", DType::bf16},
                                   {"float8e4m3fn", {}},
                                   {"float8e4m3fnuz", {}},
                                   {"float8e5m2", {}},
                                   {"float8e5m2fnuz", {}},
                                   {"uint4", {}},
                                   {"int4", {}},
                                   {"float4e2m1", {}},
                                   {"float8e8m0", {}},
                                   {"uint2", {}},
                                   {"int2", {}},
                                   {"float6e2m3", {}},
                                   {"float6e3m2", {}}};

bool is_listed(int onnx_type) {
  return onnx_type >= 0 && onnx_type < static_cast<int>(std::size(kOnnxTypes));
}

std::string where(const TensorProto& proto) {
  return "tensor '" + proto.name() + "'";
}

TensorType type_of(const TensorProto& proto) {
  if (proto.has_segment()) throw Error(where(proto), "comes in segments, which are not read");
  TensorType type{dtype_from_onnx(proto.data_type(), where(proto)),
                  {proto.dims().begin(), proto.dims().end()}};
  checked_mul(element_count(type.shape, where(proto).c_str()), static_cast<Index>(size_bytes(type.dtype)),
              where(proto).c_str());
  return type;
}

/// A bool is one byte that is 0 or 1; a file may hold others, which C++ must not see as bool.
void normalise_booleans(Tensor& t) {
  if (t.dtype() != DType::boolean) return;
  for (std::uint8_t& x : t.as_mutable<std::uint8_t>()) x = x != 0;
}

template <class To, class List>
void narrow(const TensorProto& proto, const List& list, Tensor& t) {
  To* out = t.as_mutable<To>().data();
  for (const auto x : list) {
    const To y = static_cast<To>(x);
    if (static_cast<std::remove_cvref_t<decltype(x)>>(y) != x && x == x)
      throw Error(where(proto),
                  "value " + std::to_string(x) + " does not fit " + std::string(name(t.dtype())));
    *out++ = y;
  }
}

template <class To, class List>
Tensor from_list(const TensorProto& proto, TensorType type, const List& list) {
  const Index want = element_count_unchecked(type.shape);
  if (list.size() != want)
    throw Error(where(proto), "holds " + std::to_string(list.size()) + " values for the " +
                                  std::to_string(want) + " elements of " + to_string(type.shape));
  Tensor t(std::move(type));
  narrow<To>(proto, list, t);
  return t;
}

/// From the list that the ONNX specification names for the type; half floats are bit patterns in int32_data.
Tensor from_typed_data(const TensorProto& p, TensorType type) {
  switch (type.dtype) {
    case DType::f32:
      return from_list<float>(p, std::move(type), p.float_data());
    case DType::f64:
      return from_list<double>(p, std::move(type), p.double_data());
    case DType::i64:
      return from_list<std::int64_t>(p, std::move(type), p.int64_data());
    case DType::u64:
      return from_list<std::uint64_t>(p, std::move(type), p.uint64_data());
    case DType::u32:
      return from_list<std::uint32_t>(p, std::move(type), p.uint64_data());
    case DType::i32:
      return from_list<std::int32_t>(p, std::move(type), p.int32_data());
    case DType::i16:
      return from_list<std::int16_t>(p, std::move(type), p.int32_data());
    case DType::i8:
      return from_list<std::int8_t>(p, std::move(type), p.int32_data());
    case DType::u8:
    case DType::boolean:
      return from_list<std::uint8_t>(p, std::move(type), p.int32_data());
    case DType::u16:
    case DType::f16:
    case DType::bf16:
      return from_list<std::uint16_t>(p, std::move(type), p.int32_data());
  }
  throw Error(where(p), "has a type without data");
}

bool has_typed_data(const TensorProto& p) {
  return p.float_data_size() || p.int32_data_size() || p.int64_data_size() || p.double_data_size() ||
         p.uint64_data_size() || p.string_data_size();
}

Tensor from_raw_data(const TensorProto& proto, TensorType type) {
  const auto want = static_cast<std::size_t>(element_count_unchecked(type.shape)) * size_bytes(type.dtype);
  if (proto.raw_data().size() != want)
    throw Error(where(proto), "holds " + std::to_string(proto.raw_data().size()) + " bytes of raw data, " +
                                  std::string(name(type.dtype)) + to_string(type.shape) + " takes " +
                                  std::to_string(want));
  if (has_typed_data(proto)) throw Error(where(proto), "holds raw data and a list of values");
  Tensor t(std::move(type));
  if (want) std::memcpy(t.mutable_data(), proto.raw_data().data(), want);
  return t;
}

Index parse_number(const TensorProto& proto, const std::string& key, const std::string& text) {
  Index number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0)
    throw Error(where(proto), "external data: " + key + " '" + text.substr(0, 40) + "' is no size");
  return number;
}
}  // namespace

bool is_supported_dtype(int onnx_type) {
  return is_listed(onnx_type) && kOnnxTypes[onnx_type].dtype;
}

std::string unsupported_type(int onnx_type) {
  if (!is_listed(onnx_type)) return "has the unknown type number " + std::to_string(onnx_type);
  return std::string("has type ") + kOnnxTypes[onnx_type].name + ", which is not supported";
}

DType dtype_from_onnx(int onnx_type, const std::string& where) {
  if (!is_supported_dtype(onnx_type)) throw Error(where, unsupported_type(onnx_type));
  return *kOnnxTypes[onnx_type].dtype;
}

Tensor TensorReader::read_external(const TensorProto& proto, TensorType type) {
  const auto bytes = element_count_unchecked(type.shape) * static_cast<Index>(size_bytes(type.dtype));
  std::map<std::string, std::string> entries;
  for (const auto& entry : proto.external_data())
    if (!entries.emplace(entry.key(), entry.value()).second)
      throw Error(where(proto), "external data: '" + entry.key() + "' is given twice");
  if (!proto.raw_data().empty() || has_typed_data(proto))
    throw Error(where(proto), "holds values and points to external data");
  ExternalPlace place{entries["location"]};
  if (const auto it = entries.find("offset"); it != entries.end())
    place.offset = parse_number(proto, "offset", it->second);
  if (const auto it = entries.find("length"); it != entries.end())
    if (const Index length = parse_number(proto, "length", it->second); length != bytes)
      throw Error(where(proto), "external data have length " + std::to_string(length) + ", " +
                                    std::string(name(type.dtype)) + to_string(type.shape) + " takes " +
                                    std::to_string(bytes));
  external_.require(place, bytes);
  Tensor t(std::move(type));
  external_.read(place, {static_cast<std::byte*>(t.mutable_data()), t.size_bytes()});
  return t;
}

Tensor TensorReader::convert(const TensorProto& proto) {
  TensorType type = type_of(proto);
  const bool external = proto.data_location() == TensorProto::EXTERNAL;
  if (!external && proto.external_data_size())
    throw Error(where(proto), "names external data but does not say that its data lie there");
  Tensor t = external                    ? read_external(proto, std::move(type))
             : !proto.raw_data().empty() ? from_raw_data(proto, std::move(type))
                                         : from_typed_data(proto, std::move(type));
  normalise_booleans(t);
  return t;
}

Tensor TensorReader::read(TensorProto& proto) {
  if (const auto it = done_.find(&proto); it != done_.end()) return it->second;
  TensorProto taken;
  taken.Swap(&proto);
  proto.set_data_type(taken.data_type());
  return done_[&proto] = convert(taken);
}

Tensor TensorReader::read(onnx::SparseTensorProto& proto) {
  if (const auto it = done_.find(&proto); it != done_.end()) return it->second;
  return done_[&proto] = densify(proto);
}
}  // namespace tulle::io
