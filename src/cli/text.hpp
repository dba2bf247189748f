#pragma once
#include <string>
#include <string_view>

namespace tulle::cli {
/// One line without control characters: names in messages come from files.
std::string printable(std::string_view);
}  // namespace tulle::cli
