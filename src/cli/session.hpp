#pragma once
#include <string>
#include "lab/inputs.hpp"

namespace CLI {
class App;
}

namespace tulle::cli {
/// What every command that plans a model takes.
struct SessionArguments {
  std::string model;
  std::string shapes;
  std::string plan_cache;
  int threads = 1;
  bool dense = false;
};
void add_session_options(CLI::App&, SessionArguments&);
/// With a progress bar on standard error where planning takes longer than a second and somebody is looking.
SessionOptions session_options(const SessionArguments&);
}  // namespace tulle::cli
