#pragma once
#include "lab/bench.hpp"

namespace tulle::cli {
/// This program, the peers' scripts (beside the sources, or installed) and the Python that `make peers` set up.
lab::PeerPaths peer_paths(const std::string& python);
}  // namespace tulle::cli
