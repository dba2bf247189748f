// The only file that knows every kernel of the family.
#include "kernels/linear/kernel.hpp"

namespace tulle::linear {
extern const Kernel blocks_avx512, blocks_avx2, jit_avx512, rows_avx512, channels_avx512, dense_avx512,
    jit_avx2, rows_avx2, channels_avx2, dense_avx2, reference;
static const Kernel* const kBestFirst[] = {&blocks_avx512, &jit_avx512,  &rows_avx512, &channels_avx512,
                                           &dense_avx512,  &blocks_avx2, &jit_avx2,    &rows_avx2,
                                           &channels_avx2, &dense_avx2,  &reference};
std::span<const Kernel* const> kernels() {
  return kBestFirst;
}
}  // namespace tulle::linear
