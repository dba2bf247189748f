#include "core/tensor.hpp"
#include <sys/mman.h>
#include <cstdlib>
#include <cstring>

namespace tulle {
namespace {
struct TypeInfo {
  std::string_view name;
  std::size_t size_bytes;
};
constexpr TypeInfo kTypes[] = {{"f32", 4}, {"f64", 8}, {"f16", 2}, {"bf16", 2}, {"i8", 1},  {"u8", 1}, {"i16", 2},
                               {"u16", 2}, {"i32", 4}, {"u32", 4}, {"i64", 8},  {"u64", 8}, {"bool", 1}};
constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::size_t round_up(std::size_t n, std::size_t unit) { return (n + unit - 1) / unit * unit; }
}  // namespace

std::string_view name(DType dtype) { return kTypes[static_cast<int>(dtype)].name; }
std::size_t size_bytes(DType dtype) { return kTypes[static_cast<int>(dtype)].size_bytes; }

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

Index element_count(const Shape& shape, const char* where) {
  Index count = 1;
  for (Index d : shape) {
    if (d < 0) throw Error(where, "dimension " + std::to_string(d) + " of " + to_string(shape) + " is negative");
    count = checked_mul(count, d, where);
  }
  return count;
}

Bytes::Bytes(std::size_t size) : size_(size) {
  const std::size_t unit = size >= kHugePage ? kHugePage : 64;
  if (size > static_cast<std::size_t>(kLargestTensorBytes) * 2)
    throw Error("memory", std::to_string(size) + " bytes asked for at once");
  const std::size_t rounded = round_up(size + !size, unit);
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(unit, rounded)));
  if (!data_) throw Error("memory", "no " + std::to_string(size) + " bytes to be had");
  if (unit == kHugePage) madvise(data_.get(), rounded, MADV_HUGEPAGE);
}
void Bytes::Free::operator()(std::byte* p) const { std::free(p); }

Tensor::Tensor(TensorType type) : type_(std::move(type)) {
  const Index bytes = checked_mul(element_count(type_.shape), static_cast<Index>(tulle::size_bytes(type_.dtype)));
  if (bytes > kLargestTensorBytes)
    throw Error("tensor", to_string(type_.shape) + " of " + std::string(name(type_.dtype)) + " takes " +
                              std::to_string(bytes) + " bytes, more than the limit of " +
                              std::to_string(kLargestTensorBytes));
  auto owner = std::make_shared<Bytes>(static_cast<std::size_t>(bytes));
  data_ = owner->data();
  owner_ = std::move(owner);
}

Tensor Tensor::zeros(TensorType type) {
  Tensor t(std::move(type));
  std::memset(t.mutable_data(), 0, t.size_bytes());
  return t;
}

Tensor Tensor::copy(TensorView view) {
  Tensor t(view.type);
  if (t.size_bytes()) std::memcpy(t.mutable_data(), view.data, t.size_bytes());
  return t;
}

Tensor Tensor::borrow(TensorType type, std::shared_ptr<const void> owner, const void* data) {
  Tensor t;
  t.type_ = std::move(type);
  t.owner_ = std::move(owner);
  t.data_ = data;
  return t;
}

Tensor Tensor::reshaped(Shape shape) const {
  if (element_count(shape) != count())
    throw Error("reshape", to_string(shape) + " does not hold the " + std::to_string(count()) + " elements of " +
                               to_string(type_.shape));
  Tensor t = *this;
  t.type_.shape = std::move(shape);
  return t;
}
}  // namespace tulle
