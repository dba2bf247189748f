#include <CLI/CLI.hpp>
#include "cli/commands.hpp"

namespace tulle::cli {
void add_inspect(CLI::App&) {}
}  // namespace tulle::cli
