#pragma once
#include <string>

namespace tulle::cli {
/// To a file, whole or not at all; "-" is standard output.
void write_text(const std::string& path, const std::string& text);
}  // namespace tulle::cli
