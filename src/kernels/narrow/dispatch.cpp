// The only file that knows every kernel of the family.
#include "kernels/narrow/kernel.hpp"

namespace tulle::narrow {
extern const Kernel amx_blocks_bf16, amx_dense_bf16, jit_bf16_singles, jit_bf16_pairs, packed_bf16_singles,
    packed_bf16_pairs, reference_bf16;
extern const Kernel amx_blocks_i8, amx_dense_i8, jit_i8, packed_i8, reference_i8;
static const Kernel* const kBestFirst[] = {&amx_blocks_bf16, &amx_dense_bf16,      &jit_bf16_singles,
                                           &jit_bf16_pairs,  &packed_bf16_singles, &packed_bf16_pairs,
                                           &amx_blocks_i8,   &amx_dense_i8,        &jit_i8,
                                           &packed_i8,       &reference_bf16,      &reference_i8};
std::span<const Kernel* const> kernels() {
  return kBestFirst;
}
}  // namespace tulle::narrow
