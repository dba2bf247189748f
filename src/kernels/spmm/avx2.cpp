#include "kernels/simd/avx2.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "kernels/clamp.hpp"
#include "kernels/pointwise/kernel.hpp"
#include "kernels/spmm/packed_rows.hpp"

namespace tulle::spmm {
namespace {
constexpr int kMostVectors = 4;
constexpr double kNearCycles = 1.4;  // of an FMA with a vector of B from the L1 cache
#include "kernels/spmm/rows_body.inc"
}  // namespace
extern constinit const Kernel rows_avx2{"spmm/avx2/rows", kIsa, true, refuse, cost_us, prepare};
}  // namespace tulle::spmm
