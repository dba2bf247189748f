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
  bool dense = false, follow_links = false;
};
void add_session_options(CLI::App&, SessionArguments&);
void add_shapes_option(CLI::App&, SessionArguments&);
void add_follow_links(CLI::App&, bool&);
Model load_model(const SessionArguments&);
/// With a progress bar on standard error where planning takes longer than a second and somebody is looking.
SessionOptions session_options(const SessionArguments&);

/// Runs the body; an Error that it throws is told to be about this file.
template <class Body> decltype(auto) about(const std::string& file, const Body& body) {
  try {
    return body();
  } catch (const Error& e) {
    throw Error(file, e.what());
  }
}
}  // namespace tulle::cli
