#pragma once
#include <filesystem>
#include <optional>
#include "core/leftovers.hpp"

namespace tulle::lab {
/// A folder for files that contenders read and write; removed with all that is in it, interrupted or not.
struct Scratch {
  std::filesystem::path path;
  std::optional<Leftover> until_then;
  explicit Scratch(const std::string& name);
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();
};
}  // namespace tulle::lab
