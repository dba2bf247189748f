#include "cli/paths.hpp"

namespace tulle::cli {
namespace {
namespace fs = std::filesystem;

fs::path self() { return fs::read_symlink("/proc/self/exe"); }

// A folder of lab/: beside the sources, or installed.
fs::path lab_folder(const std::string& name) {
  const fs::path installed = self().parent_path().parent_path() / "share" / "tulle" / name;
  return fs::exists(installed) ? installed : fs::path(TULLE_SOURCE_DIR) / "lab" / name;
}

fs::path python_or(const std::string& python) { return python.empty() ? fs::path(TULLE_SOURCE_DIR) / ".venv" / "bin" / "python" : fs::path(python); }
}  // namespace

lab::PeerPaths peer_paths(const std::string& python) { return {.tulle = self(), .scripts = lab_folder("peers"), .python = python_or(python)}; }

lab::ProgramPaths program_paths(const std::string& python) {
  return {.tulle = self(), .programs = self().parent_path() / "peers", .scripts = lab_folder("peers") / "products", .report = lab_folder("report"),
          .python = python_or(python)};
}

fs::path suites_folder() { return lab_folder("suites"); }
}  // namespace tulle::cli
