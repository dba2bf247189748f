#pragma once
#include <string>
#include <string_view>

namespace tulle::cli {
/// One line of UTF-8 without control characters: names in messages come from files.
std::string printable(std::string_view);

/// Columns in a terminal, one for each character of printable text.
std::size_t width(std::string_view);
/// Names of layers differ at their ends: a long one keeps its tail, after "..".
std::string shortened(const std::string&, std::size_t most);
/// Lines of at most `most` columns broken at spaces, the first indented by `first`, the others by `others`.
std::string wrapped(std::string_view, std::size_t most, std::size_t first, std::size_t others);
}  // namespace tulle::cli
