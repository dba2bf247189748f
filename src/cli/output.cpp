#include "cli/output.hpp"
#include <fmt/format.h>
#include "io/file.hpp"

namespace tulle::cli {
void write_text(const std::string& path, const std::string& text) {
  if (path == "-")
    fmt::print("{}\n", text);
  else
    io::write_file_atomically(path, text + "\n");
}
}  // namespace tulle::cli
