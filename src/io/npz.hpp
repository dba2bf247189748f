#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/tensor.hpp"

namespace tulle::io {
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// The most bytes that the arrays of one file may take in memory: an .npz of 5 MB can ask for 5 GiB.
constexpr Index kMostArrayBytes = Index{2} << 30;

/// NumPy's formats: .npy versions 1 to 3, little-endian numbers and bool, C or Fortran order (turned to C
/// order); byte strings (|Sn) come as u8 with one more dimension, of n; .npz: a zip archive of them, stored or deflated, checksums compared. Never executes or unpickles
/// anything. An Error names the file, the array and the reason.
Tensor read_npy(const std::filesystem::path&, Index most_bytes = kMostArrayBytes);
NamedTensors read_npz(const std::filesystem::path&, Index most_bytes = kMostArrayBytes);

/// Written whole or not at all. bf16 is refused, as NumPy has no such type.
void write_npy(const std::filesystem::path&, const Tensor&);
/// Stored; under 4 GiB. `texts` are names and byte strings.
void write_npz(const std::filesystem::path&, std::span<const std::pair<std::string, Tensor>>,
               std::span<const std::pair<std::string, std::string>> texts = {});
}  // namespace tulle::io
