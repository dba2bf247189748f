#include "kernels/simd/avx512.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "kernels/clamp.hpp"
#include "kernels/pointwise/kernel.hpp"
#include "kernels/spmm/packed_rows.hpp"

namespace tulle::spmm {
namespace {
constexpr int kMostVectors = 8;
constexpr double kNearCycles = 0.6;  // of an FMA with a vector of B from the L1 cache
#include "kernels/spmm/rows_body.inc"
}  // namespace
extern constinit const Kernel rows_avx512{"spmm/avx512/rows", kIsa, true, refuse, cost_us, prepare};
}  // namespace tulle::spmm
