#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "kernels/linear/chunk.hpp"
#include "kernels/linear/packed_rows.hpp"
#include "kernels/simd/avx512.hpp"

namespace tulle::linear {
namespace {
constexpr int kMaxTiles = 3;  // 24 sums
constexpr double kCostScale = 1;
#include "kernels/linear/rows_body.inc"
}  // namespace
extern constinit const Kernel rows_avx512{"linear/avx512/rows", kIsa, true, refuse, cost_us, prepare};
}  // namespace tulle::linear
