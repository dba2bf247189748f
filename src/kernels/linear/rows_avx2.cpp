#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "kernels/linear/chunk.hpp"
#include "kernels/linear/packed_rows.hpp"
#include "kernels/simd/avx2.hpp"

namespace tulle::linear {
namespace {
constexpr int kMaxTiles = 1;  // 16 registers of sums;
constexpr double kCostScale = 1.8;
#include "kernels/linear/rows_body.inc"
}  // namespace
extern constinit const Kernel rows_avx2{"linear/avx2/rows", kIsa, true, refuse, cost_us, prepare};
}  // namespace tulle::linear
