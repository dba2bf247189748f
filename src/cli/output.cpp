#include "cli/output.hpp"
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include "io/file.hpp"

namespace tulle::cli {
void write_json(const std::string& path, const nlohmann::json& json) {
  const std::string text = json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  if (path == "-")
    fmt::print("{}", text);
  else
    io::write_file_atomically(path, text);
}
}  // namespace tulle::cli
