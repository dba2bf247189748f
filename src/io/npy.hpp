#pragma once
#include <functional>
#include <string>

#include "core/tensor.hpp"

namespace tulle::io {
/// Fills the span with the next bytes of a file or of an archive's member, or throws.
using NextBytes = std::function<void(std::span<std::byte>)>;

/// Reads one .npy of `bytes` bytes in all, whose data may take at most `most_bytes`.
Tensor read_npy_stream(const NextBytes&, Index bytes, Index most_bytes, const std::string& where);

/// Magic, version and header of an .npy, padded so that the data begin at a multiple of 64.
std::string npy_header(const TensorType&, const std::string& where);
std::string npy_header(std::string_view descr, const Shape&);  ///< descr as NumPy writes types: "|S3"
}  // namespace tulle::io
