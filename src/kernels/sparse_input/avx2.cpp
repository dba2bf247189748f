#include "kernels/simd/avx2.hpp"

#include <algorithm>

#include "kernels/sparse_input/rows.hpp"
#include "kernels/spmv/words_avx2.hpp"

namespace tulle::sparse_input {
namespace {
using spmv::numbers;
#include "kernels/sparse_input/columns_body.inc"
}  // namespace
extern constinit const Kernel columns_avx2{
    "sparse_input/avx2/columns", DType::f32, kIsa, false, refuse<float>, cost_us<float>, prepare<float>};
extern constinit const Kernel columns_bf16_avx2{"sparse_input/avx2/bf16/columns",
                                                DType::bf16,
                                                kIsa,
                                                false,
                                                refuse<BFloat16>,
                                                cost_us<BFloat16>,
                                                prepare<BFloat16>};
extern constinit const Kernel columns_i8_avx2{
    "sparse_input/avx2/i8/columns", DType::i8,           kIsa, false, refuse<std::int8_t>,
    cost_us<std::int8_t>,           prepare<std::int8_t>};
}  // namespace tulle::sparse_input
