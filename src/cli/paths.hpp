#pragma once
#include "lab/bench.hpp"
#include "lab/programs.hpp"

namespace tulle::cli {
/// This program, the peers' scripts (beside the sources, or installed) and the Python that `make peers` set up.
lab::PeerPaths peer_paths(const std::string& python);
/// The same for the lab, whose peers are programs beside this one too, or scripts of lab/peers/products.
lab::ProgramPaths program_paths(const std::string& python);
/// Folder of the suites that come with Tulle.
std::filesystem::path suites_folder();
}  // namespace tulle::cli
