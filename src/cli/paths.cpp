#include "cli/paths.hpp"

namespace tulle::cli {
lab::PeerPaths peer_paths(const std::string& python) {
  namespace fs = std::filesystem;
  const fs::path self = fs::read_symlink("/proc/self/exe");
  const fs::path source = TULLE_SOURCE_DIR, installed = self.parent_path().parent_path() / "share" / "tulle" / "peers";
  lab::PeerPaths paths{.tulle = self, .scripts = fs::exists(installed) ? installed : source / "lab" / "peers"};
  paths.python = python.empty() ? source / ".venv" / "bin" / "python" : fs::path(python);
  return paths;
}
}  // namespace tulle::cli
