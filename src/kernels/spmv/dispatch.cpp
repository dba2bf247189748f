// The only file that knows every kernel of the family.
#include "kernels/spmv/kernel.hpp"

namespace tulle::spmv {
extern const Kernel lookup_avx512, sell_avx512, bitmask_avx512, dense_avx512, sell_avx2, dense_avx2,
    reference;
static const Kernel* const kBestFirst[] = {&lookup_avx512, &sell_avx512, &bitmask_avx512, &dense_avx512,
                                           &sell_avx2,     &dense_avx2,  &reference};
std::span<const Kernel* const> kernels() {
  return kBestFirst;
}
}  // namespace tulle::spmv
