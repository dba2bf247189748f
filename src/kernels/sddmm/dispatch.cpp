#include "kernels/sddmm/kernel.hpp"

namespace tulle::sddmm {
extern const Kernel avx512_tiles, avx512_entries, avx2_tiles, avx2_entries, reference;
static const Kernel* const kBestFirst[] = {&avx512_tiles, &avx512_entries, &avx2_tiles, &avx2_entries,
                                           &reference};
std::span<const Kernel* const> kernels() {
  return kBestFirst;
}
}  // namespace tulle::sddmm
