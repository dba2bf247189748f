#include "kernels/simd/avx512.hpp"

#include "kernels/pointwise/body.inc"

namespace tulle::pointwise {
extern constinit const Kernel avx512 = make("pointwise/avx512");
}  // namespace tulle::pointwise
