#pragma once
#include <filesystem>
#include <string>
#include <vector>
#include "lab/programs.hpp"

namespace tulle::lab {
struct Drawn {
  std::vector<std::string> written;  ///< files
  std::string missing;               ///< "" or what was left out, and how to get it
};
/// Turns a folder of results into a page that stands alone, with pictures and results.csv beside it (lab/report).
Drawn draw(const std::filesystem::path& results, const std::filesystem::path& html, const ProgramPaths&);
}  // namespace tulle::lab
