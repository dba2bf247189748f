#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include "tulle/tensor.hpp"

namespace tulle {
/// The most bytes that one tensor may take; a model that asks for more is refused before memory is asked for.
constexpr Index kLargestTensorBytes = Index{1} << 31;

/// Uninitialised memory, 64-byte aligned, rounded up to 64 bytes; from 2 MiB on aligned to and advised as huge pages.
class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::size_t size);  ///< throws Error when there is no memory
  std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::byte*) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

/// Owning array of trivially copyable T, zeroed.
template <class T> class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t count) : bytes_(count * sizeof(T)), count_(count) {
    for (T& x : span()) x = T{};
  }
  T* data() const { return reinterpret_cast<T*>(bytes_.data()); }
  std::size_t size() const { return count_; }
  T& operator[](std::size_t i) const { return data()[i]; }
  std::span<T> span() const { return {data(), count_}; }
  T* begin() const { return data(); }
  T* end() const { return data() + count_; }

 private:
  Bytes bytes_;
  std::size_t count_ = 0;
};
}  // namespace tulle
