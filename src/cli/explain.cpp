#include <CLI/CLI.hpp>
#include "cli/commands.hpp"

namespace tulle::cli {
void add_explain(CLI::App&) {}
}  // namespace tulle::cli
