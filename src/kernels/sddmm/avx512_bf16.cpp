#include "kernels/sddmm/bf16_body.inc"
#include "kernels/sddmm/bf16_pairs.inc"

namespace tulle::sddmm {
extern constinit const Kernel avx512_bf16{
    "sddmm/avx512/tiles/bf16", kIsa | Features::avx512_bf16, accept,
    cost_us<PairProducts>,     prepare<PairProducts>,        DType::bf16};
}  // namespace tulle::sddmm
