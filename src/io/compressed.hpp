#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "tulle/tensor.hpp"

namespace tulle::io {
enum class Packing { none, gzip, xz };

Packing packing_of(const std::filesystem::path&);  ///< by its last extension

/// The text of a file, unpacked if its name ends in .gz or .xz. Stops with an Error when it has `most_bytes`,
/// so that a file of a few kilobytes cannot fill the memory.
std::string read_text(const std::filesystem::path&, Index most_bytes);

std::string packed(std::string_view text, Packing);
}  // namespace tulle::io
