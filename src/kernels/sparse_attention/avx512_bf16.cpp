#include "kernels/sddmm/bf16_pairs.inc"
#include "kernels/sparse_attention/bf16_body.inc"

namespace tulle::sparse_attention {
using sddmm::PairProducts;
extern constinit const Kernel avx512_bf16{"sparse_attention/avx512/tiles/bf16",
                                          kIsa | Features::avx512_bf16,
                                          accept,
                                          cost_us<PairProducts>,
                                          prepare<PairProducts>,
                                          DType::bf16};
}  // namespace tulle::sparse_attention
