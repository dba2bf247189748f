#include "kernels/sddmm/bf16_amx.inc"
#include "kernels/sddmm/bf16_body.inc"

namespace tulle::sddmm {
extern constinit const Kernel amx_bf16{"sddmm/amx/tiles/bf16",
                                       kIsa | Features::avx512_bf16 | Features::amx,
                                       accept,
                                       cost_us<AmxProducts>,
                                       prepare<AmxProducts>,
                                       DType::bf16};
}  // namespace tulle::sddmm
