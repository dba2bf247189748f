#pragma once
#include <bit>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

#include "core/bfloat16.hpp"
#include "tulle/tensor.hpp"
// C++ types of the elements of a tensor, and calling a template for the one that a DType names.
namespace tulle::ops {
/// IEEE binary16: arithmetic goes through float, rounding to nearest even on the way back.
class Half {
 public:
  Half() = default;
  explicit Half(float x) : bits_(encode(x)) {}
  operator float() const {
    constexpr std::uint32_t kExponent = 0x0f800000;
    std::uint32_t u = static_cast<std::uint32_t>(bits_ & 0x7fff) << 13;
    const std::uint32_t exponent = u & kExponent;
    u += 112u << 23;
    if (exponent == kExponent) u += 112u << 23;  // infinity and NaN
    float value = std::bit_cast<float>(u);
    if (exponent == 0) value = std::bit_cast<float>(u + (1u << 23)) - 0x1p-14f;  // subnormal
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) |
                                static_cast<std::uint32_t>(bits_ & 0x8000) << 16);
  }

 private:
  static std::uint16_t encode(float x) {
    const std::uint32_t whole = std::bit_cast<std::uint32_t>(x), sign = whole >> 16 & 0x8000;
    std::uint32_t u = whole & 0x7fffffff;
    if (u > 0x7f800000) return static_cast<std::uint16_t>(sign | 0x7e00);
    if (u >= 0x477ff000)
      return static_cast<std::uint16_t>(sign | 0x7c00);  // 65520 and more round to infinity
    if (u < 0x38800000)  // below 2^-14: the unit in the last place of 0.5 is that of f16's subnormals
      return static_cast<std::uint16_t>(
          sign | (std::bit_cast<std::uint32_t>(std::bit_cast<float>(u) + 0.5f) - 0x3f000000));
    u += 0xfff + (u >> 13 & 1);
    return static_cast<std::uint16_t>(sign | (u - 0x38000000) >> 13);
  }
  std::uint16_t bits_ = 0;
};

/// One byte, true unless 0: a file may hold other bytes than 0 and 1, which a C++ bool must not.
class Boolean {
 public:
  Boolean() = default;
  explicit Boolean(bool x) : byte_(x) {}
  operator bool() const { return byte_ != 0; }

 private:
  std::uint8_t byte_ = 0;
};

template <class T>
constexpr bool kIsHalf = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
template <class T>
constexpr bool kIsFloat = std::is_floating_point_v<T> || kIsHalf<T>;
/// The type to compute in: float for the 16-bit floats, bool for Boolean.
template <class T>
using Compute =
    std::conditional_t<kIsHalf<T>, float, std::conditional_t<std::is_same_v<T, Boolean>, bool, T>>;
/// The type for long sums: 64 bits.
template <class T>
using Accumulator = std::conditional_t<kIsFloat<T>, double,
                                       std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>;

/// An integer as the unsigned type in which sums and products wrap around; a float as it is.
template <class T>
constexpr auto wrapping(T x) {
  if constexpr (!std::is_integral_v<T>)
    return x;
  else if constexpr (sizeof(T) == 8)
    return static_cast<std::uint64_t>(x);
  else
    return static_cast<std::uint32_t>(x);
}

/// C++ leaves a float beyond the integer's range undefined, and so does ONNX: here it goes to the nearest
/// end, NaN to 0, so that no input can do harm.
template <class To, class From>
To converted(From x) {
  if constexpr (std::is_same_v<To, Boolean>)
    return To(x != From(0));
  else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    using Limits = std::numeric_limits<To>;
    if (!(x > static_cast<From>(Limits::lowest()))) return x != x ? To(0) : Limits::lowest();
    return x >= static_cast<From>(Limits::max()) ? Limits::max() : static_cast<To>(x);
  } else if constexpr (kIsHalf<To>)
    return To(static_cast<float>(x));
  else
    return static_cast<To>(x);
}

template <class T>
constexpr DType kDTypeOf = DType::f32;
template <>
inline constexpr DType kDTypeOf<double> = DType::f64;
template <>
inline constexpr DType kDTypeOf<Half> = DType::f16;
template <>
inline constexpr DType kDTypeOf<BFloat16> = DType::bf16;
template <>
inline constexpr DType kDTypeOf<std::int8_t> = DType::i8;
template <>
inline constexpr DType kDTypeOf<std::uint8_t> = DType::u8;
template <>
inline constexpr DType kDTypeOf<std::int16_t> = DType::i16;
template <>
inline constexpr DType kDTypeOf<std::uint16_t> = DType::u16;
template <>
inline constexpr DType kDTypeOf<std::int32_t> = DType::i32;
template <>
inline constexpr DType kDTypeOf<std::uint32_t> = DType::u32;
template <>
inline constexpr DType kDTypeOf<std::int64_t> = DType::i64;
template <>
inline constexpr DType kDTypeOf<std::uint64_t> = DType::u64;
template <>
inline constexpr DType kDTypeOf<Boolean> = DType::boolean;

template <class... T>
struct TypeList {
  static constexpr bool contains(DType dtype) { return ((dtype == kDTypeOf<T>) || ...); }
  /// body(T{}) for the T that dtype names; nothing when the list lacks it.
  template <class Body>
  static void visit(DType dtype, const Body& body) {
    (void)((dtype == kDTypeOf<T> && (body(T{}), true)) || ...);
  }
};
template <class... A, class... B>
TypeList<A..., B...> operator+(TypeList<A...>, TypeList<B...>);

using Floats = TypeList<float, double, Half, BFloat16>;
using SignedIntegers = TypeList<std::int8_t, std::int16_t, std::int32_t, std::int64_t>;
using UnsignedIntegers = TypeList<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
using Integers = decltype(SignedIntegers{} + UnsignedIntegers{});
using SignedNumbers = decltype(Floats{} + SignedIntegers{});
using Numbers = decltype(Floats{} + Integers{});
using Booleans = TypeList<Boolean>;
using AnyType = decltype(Numbers{} + Booleans{});
using IndexTypes = TypeList<std::int32_t, std::int64_t>;

/// For code that only moves elements: body(T{}) with an unsigned T of the element's size.
template <class Body>
void visit_size(DType dtype, const Body& body) {
  switch (size_bytes(dtype)) {
    case 1:
      return body(std::uint8_t{});
    case 2:
      return body(std::uint16_t{});
    case 4:
      return body(std::uint32_t{});
    default:
      return body(std::uint64_t{});
  }
}

/// The type that ONNX numbers so (TensorProto.DataType, onnx.proto); nullopt: one that Tulle lacks.
std::optional<DType> dtype_of_onnx(Index number);
}  // namespace tulle::ops
