#include "kernels/sddmm/bf16_amx.inc"
#include "kernels/sparse_attention/bf16_body.inc"

namespace tulle::sparse_attention {
using sddmm::AmxProducts;
extern constinit const Kernel amx_bf16{"sparse_attention/amx/tiles/bf16",
                                       kIsa | Features::avx512_bf16 | Features::amx,
                                       accept,
                                       cost_us<AmxProducts>,
                                       prepare<AmxProducts>,
                                       DType::bf16};
}  // namespace tulle::sparse_attention
