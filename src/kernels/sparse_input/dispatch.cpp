// The only file that knows every kernel of the family.
#include "kernels/sparse_input/kernel.hpp"

namespace tulle::sparse_input {
extern const Kernel columns_avx512, columns_bf16_avx512, columns_i8_avx512, columns_avx2, columns_bf16_avx2,
    columns_i8_avx2, csc_avx2, csc_bf16_avx2, csc_i8_avx2, reference, reference_bf16, reference_i8;
static const Kernel* const kBestFirst[] = {
    &columns_avx512, &columns_bf16_avx512, &columns_i8_avx512, &csc_avx2,  &csc_bf16_avx2,  &csc_i8_avx2,
    &columns_avx2,   &columns_bf16_avx2,   &columns_i8_avx2,   &reference, &reference_bf16, &reference_i8};
std::span<const Kernel* const> kernels() {
  return kBestFirst;
}
}  // namespace tulle::sparse_input
