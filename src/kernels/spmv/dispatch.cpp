// The only file that knows every kernel of the family.
#include "kernels/spmv/kernel.hpp"

namespace tulle::spmv {
extern const Kernel lookup_avx512, sell_avx512, delta_avx512, bitmask_avx512, dense_avx512, sell_avx2,
    delta_avx2, dense_avx2, reference;
extern const Kernel bitmask_bf16_avx512, delta_bf16_avx512, dense_bf16_avx512, delta_bf16_avx2,
    dense_bf16_avx2, reference_bf16;
extern const Kernel bitmask_i8_avx512, delta_i8_avx512, dense_i8_avx512, delta_i8_avx2, dense_i8_avx2,
    reference_i8;

static const Kernel* const kBestFirst[] = {&lookup_avx512,  &delta_avx512, &sell_avx512,
                                           &bitmask_avx512, &dense_avx512, &delta_avx2,
                                           &sell_avx2,      &dense_avx2,   &reference};
static const Kernel* const kBestFirstBf16[] = {&bitmask_bf16_avx512, &delta_bf16_avx512, &dense_bf16_avx512,
                                               &delta_bf16_avx2,     &dense_bf16_avx2,   &reference_bf16};
static const Kernel* const kBestFirstI8[] = {&bitmask_i8_avx512, &delta_i8_avx512, &dense_i8_avx512,
                                             &delta_i8_avx2,     &dense_i8_avx2,   &reference_i8};

std::span<const Kernel* const> kernels(DType dtype) {
  if (dtype == DType::bf16) return kBestFirstBf16;
  if (dtype == DType::i8) return kBestFirstI8;
  return kBestFirst;
}
}  // namespace tulle::spmv
