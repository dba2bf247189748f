// The only file that knows every kernel of the family.
#include "kernels/aggregate/kernel.hpp"

namespace tulle::aggregate {
extern const Kernel rows_avx512, sorted_avx512, tiles_avx512, rows_avx2, sorted_avx2, tiles_avx2, reference;
static const Kernel* const kBestFirst[] = {&rows_avx512, &sorted_avx512, &tiles_avx512, &rows_avx2,
                                           &sorted_avx2, &tiles_avx2,    &reference};
std::span<const Kernel* const> kernels() {
  return kBestFirst;
}
}  // namespace tulle::aggregate
