#include "kernels/sddmm/kernel.hpp"

namespace tulle::sddmm {
extern const Kernel amx_bf16, avx512_bf16, reference_bf16;
extern const Kernel avx512_tiles, avx512_entries, avx2_tiles, avx2_entries, reference;
static const Kernel* const kBestFirst[] = {&amx_bf16,       &avx512_bf16, &reference_bf16, &avx512_tiles,
                                           &avx512_entries, &avx2_tiles,  &avx2_entries,   &reference};
std::span<const Kernel* const> kernels(DType dtype) {
  constexpr std::size_t kRounding = 3;
  if (dtype == DType::bf16) return kBestFirst;
  return dtype == DType::f32 ? std::span(kBestFirst).subspan(kRounding) : std::span(kBestFirst).first(0);
}
}  // namespace tulle::sddmm
