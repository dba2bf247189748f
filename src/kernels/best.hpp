#pragma once
#include <span>

#include "core/cpu.hpp"

namespace tulle {
/// The first kernel of a best-first list that a CPU with these features can run; the last must run
/// everywhere.
template <class Kernel>
const Kernel& best_of(std::span<const Kernel* const> kernels, Features have) {
  for (const Kernel* kernel : kernels.first(kernels.size() - 1))
    if (contains(have, kernel->needs)) return *kernel;
  return *kernels.back();
}
}  // namespace tulle
