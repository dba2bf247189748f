#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>
#include "lab/process.hpp"

namespace tulle::lab {
/// Where contenders are found.
struct ProgramPaths {
  std::filesystem::path tulle;     ///< this program
  std::filesystem::path programs;  ///< folder of peers in C++, as `make peers` builds them: <programs>/<peer>
  std::filesystem::path scripts;   ///< folder of peers in Python and of the sources of the others: <scripts>/<peer>.py, .cpp
  std::filesystem::path report;    ///< folder of the scripts that draw
  std::filesystem::path python;    ///< that has the packages of both
};

/// What a program says it can compute.
struct Contribution {
  std::string op, kernel;
  std::vector<std::string> dtypes;
};

/// A program that computes: Tulle or a peer. One program may hold several contenders.
struct Program {
  std::string name;
  std::vector<std::string> command;
  std::string version;
  std::vector<Contribution> offers;
};

/// Starts the program once and asks what it has. Throws Error that tells how to get it where it is absent.
Program find_program(const std::string& name, const ProgramPaths&, double seconds);
/// The peers that have a source in `scripts`, by name.
std::vector<std::string> known_peers(const ProgramPaths&);
}  // namespace tulle::lab
