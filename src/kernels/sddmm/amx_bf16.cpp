#include "kernels/sddmm/bf16_amx.inc"
#include "kernels/sddmm/bf16_body.inc"

namespace tulle::sddmm {
static constexpr Features kNeeds = kIsa | Features::avx512_bf16 | Features::amx;
extern constinit const Kernel amx_bf16{
    "sddmm/amx/tiles/bf16",        kNeeds,     refuse_order, squares_cost_us<AmxProducts>,
    prepare<Squares<AmxProducts>>, DType::bf16};
extern constinit const Kernel amx_blocks_bf16{"sddmm/amx/blocks/bf16",
                                              kNeeds,
                                              refuse_no_squares,
                                              blocks_cost_us<AmxProducts>,
                                              prepare<BlocksOfSquares<AmxProducts>>,
                                              DType::bf16};
}  // namespace tulle::sddmm
