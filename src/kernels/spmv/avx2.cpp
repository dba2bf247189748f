#include "kernels/simd/avx2.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "kernels/spmv/dense_words.hpp"
#include "kernels/spmv/fixed_point.hpp"
#include "kernels/spmv/sell_packed.hpp"
#include "kernels/spmv/words_avx2.hpp"

namespace tulle::spmv {
namespace {
#include "kernels/spmv/dense_body.inc"
#include "kernels/spmv/sell_body.inc"

constexpr Features kDot4 = kIsa;
}  // namespace
extern constinit const Kernel sell_avx2{"spmv/avx2/sell16", kIsa,          true,
                                        sell::accept,       sell::cost_us, sell::prepare};
extern constinit const Kernel delta_avx2{"spmv/avx2/delta",
                                         kIsa,
                                         true,
                                         sell::accept,
                                         sell::delta_cost_us<float>,
                                         sell::prepare_delta<SliceWeight<SellForm<Delta, float>>>};
extern constinit const Kernel delta_bf16_avx2{"spmv/avx2/bf16/delta",
                                              kIsa,
                                              true,
                                              sell::accept,
                                              sell::delta_cost_us<BFloat16>,
                                              sell::prepare_delta<SliceWeight<SellForm<Delta, BFloat16>>>,
                                              DType::bf16};
extern constinit const Kernel delta_i8_avx2{"spmv/avx2/i8/delta",
                                            kDot4,
                                            true,
                                            refuse_values,
                                            sell::delta_cost_us<std::int8_t>,
                                            sell::prepare_delta<FixedWeight<SellBytes>>,
                                            DType::i8};
extern constinit const Kernel dense_avx2{"spmv/avx2/dense",
                                         kIsa,
                                         false,
                                         dense::refuse<float>,
                                         dense_cost_us<float>,
                                         dense::prepare<SliceWeight<DenseForm>>};
extern constinit const Kernel dense_bf16_avx2{"spmv/avx2/bf16/dense",
                                              kIsa,
                                              false,
                                              dense::refuse<BFloat16>,
                                              dense_cost_us<BFloat16>,
                                              dense::prepare<SliceWeight<DensePairs>>,
                                              DType::bf16};
extern constinit const Kernel dense_i8_avx2{"spmv/avx2/i8/dense",
                                            kDot4,
                                            false,
                                            dense::refuse<std::int8_t>,
                                            dense_cost_us<std::int8_t>,
                                            dense::prepare<FixedWeight<DenseQuads>>,
                                            DType::i8};
}  // namespace tulle::spmv
