#pragma once
#include <memory>
#include <span>
#include "core/buffer.hpp"
#include "core/checked.hpp"

namespace tulle {
/// Dense row-major tensor; copies share the bytes. Written once by its maker, then read only.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(TensorType type);                        ///< uninitialised; checks the size (kLargestTensorBytes)
  static Tensor zeros(TensorType type);
  static Tensor copy(TensorView);                          ///< owns a copy of what is lent
  /// Borrowed bytes (a mapped file) kept alive by `owner`.
  static Tensor borrow(TensorType type, std::shared_ptr<const void> owner, const void* data);
  template <class T> static Tensor of(DType dtype, Shape shape, std::span<const T> values);

  bool empty() const { return !data_; }                    ///< no tensor at all (not: zero elements)
  const TensorType& type() const { return type_; }
  const Shape& shape() const { return type_.shape; }
  DType dtype() const { return type_.dtype; }
  Index count() const { return element_count_unchecked(type_.shape); }
  std::size_t size_bytes() const { return static_cast<std::size_t>(count()) * tulle::size_bytes(type_.dtype); }
  const void* data() const { return data_; }
  void* mutable_data() { return const_cast<void*>(data_); }  ///< only for the maker, before it is shared
  template <class T> std::span<const T> as() const { return {static_cast<const T*>(data_), static_cast<std::size_t>(count())}; }
  template <class T> std::span<T> as_mutable() { return {static_cast<T*>(mutable_data()), static_cast<std::size_t>(count())}; }
  TensorView view() const { return {type_, data_}; }
  Tensor reshaped(Shape shape) const;                      ///< the same bytes under another shape of equal count

 private:
  TensorType type_;
  std::shared_ptr<const void> owner_;
  const void* data_ = nullptr;
};

template <class T> Tensor Tensor::of(DType dtype, Shape shape, std::span<const T> values) {
  Tensor t(TensorType{dtype, std::move(shape)});
  T* out = static_cast<T*>(t.mutable_data());
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = values[i];
  return t;
}
}  // namespace tulle
