#pragma once
#include <stdexcept>
#include <string>

namespace tulle {
/// The one exception: who refused (file, node, function), and what came against what was wanted, in one line.
/// Thrown at the doors (readers, planning, the checks at the start of run), never from inside a running plan.
struct Error : std::runtime_error {
  Error(const std::string& where, const std::string& what) : std::runtime_error(where + ": " + what) {}
};
}  // namespace tulle
