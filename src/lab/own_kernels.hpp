#pragma once
#include "lab/serve.hpp"

namespace tulle::lab {
/// Tulle's kernels by the names of the public API, and "plan": what it picks itself.
Served own_kernels(const std::string& version);
}  // namespace tulle::lab
