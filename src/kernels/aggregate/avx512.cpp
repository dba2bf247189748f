#include "kernels/simd/avx512.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "kernels/aggregate/prepared.hpp"
#include "kernels/simd/step.hpp"

namespace tulle::aggregate {
namespace {
constexpr int kMostVectors = 8;
}  // namespace
}  // namespace tulle::aggregate
#include "kernels/aggregate/body.inc"

namespace tulle::aggregate {
extern constinit const Kernel tiles_avx512{"aggregate/avx512/tiles", kIsa, refuse_tiles, tiles_cost_us,
                                           prepare_tiles};
extern constinit const Kernel sorted_avx512{"aggregate/avx512/sorted_rows", kIsa, refuse_rows, rows_cost_us,
                                            prepare_sorted};
extern constinit const Kernel rows_avx512{"aggregate/avx512/rows", kIsa, refuse_rows, rows_cost_us,
                                          prepare_rows};
}  // namespace tulle::aggregate
