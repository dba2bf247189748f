#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace tulle::cli {
/// To a file, whole or not at all; "-" is standard output. Text that is no UTF-8 (names from files) is mended.
void write_json(const std::string& path, const nlohmann::json&);
}  // namespace tulle::cli
