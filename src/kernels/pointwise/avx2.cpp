#include "kernels/simd/avx2.hpp"

#include "kernels/pointwise/body.inc"

namespace tulle::pointwise {
extern constinit const Kernel avx2 = make("pointwise/avx2");
}  // namespace tulle::pointwise
