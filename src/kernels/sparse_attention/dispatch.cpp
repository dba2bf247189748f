#include "kernels/sparse_attention/kernel.hpp"

namespace tulle::sparse_attention {
extern const Kernel avx512_tiles, avx512_entries, avx2_tiles, avx2_entries, reference;
static const Kernel* const kBestFirst[] = {&avx512_tiles, &avx512_entries, &avx2_tiles, &avx2_entries,
                                           &reference};
std::span<const Kernel* const> kernels() {
  return kBestFirst;
}
}  // namespace tulle::sparse_attention
