// The only file that knows every kernel of the family.
#include "kernels/narrow/kernel.hpp"

namespace tulle::narrow {
extern const Kernel jit_bf16, reference_bf16, jit_i8, reference_i8;
static const Kernel* const kBestFirst[] = {&jit_bf16, &jit_i8, &reference_bf16, &reference_i8};
std::span<const Kernel* const> kernels() {
  return kBestFirst;
}
}  // namespace tulle::narrow
