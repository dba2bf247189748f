#include "kernels/sddmm/kernel.hpp"

namespace tulle::sddmm {
extern const Kernel amx_bf16, amx_blocks_bf16, avx512_bf16, avx512_blocks_bf16, reference_bf16;
extern const Kernel avx512_tiles, avx512_blocks, avx512_entries, avx2_tiles, avx2_blocks, avx2_entries,
    reference;
static const Kernel* const kBestFirst[] = {
    &amx_bf16,      &amx_blocks_bf16, &avx512_bf16, &avx512_blocks_bf16, &reference_bf16, &avx512_tiles,
    &avx512_blocks, &avx512_entries,  &avx2_tiles,  &avx2_blocks,        &avx2_entries,   &reference};
std::span<const Kernel* const> kernels(DType dtype) {
  constexpr std::size_t kRounding = 5;
  if (dtype == DType::bf16) return kBestFirst;
  return dtype == DType::f32 ? std::span(kBestFirst).subspan(kRounding) : std::span(kBestFirst).first(0);
}
}  // namespace tulle::sddmm
