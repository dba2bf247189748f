#include "kernels/sddmm/bf16_body.inc"
#include "kernels/sddmm/bf16_pairs.inc"

namespace tulle::sddmm {
static constexpr Features kNeeds = kIsa | Features::avx512_bf16;
extern constinit const Kernel avx512_bf16{
    "sddmm/avx512/tiles/bf16",      kNeeds,     refuse_order, squares_cost_us<PairProducts>,
    prepare<Squares<PairProducts>>, DType::bf16};
extern constinit const Kernel avx512_blocks_bf16{"sddmm/avx512/blocks/bf16",
                                                 kNeeds,
                                                 refuse_no_squares,
                                                 blocks_cost_us<PairProducts>,
                                                 prepare<BlocksOfSquares<PairProducts>>,
                                                 DType::bf16};
}  // namespace tulle::sddmm
