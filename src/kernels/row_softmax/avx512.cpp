#include "kernels/simd/avx512.hpp"

#include "kernels/row_softmax/body.inc"

namespace tulle::row_softmax {
extern constinit const Kernel avx512{"row_softmax/avx512", kIsa, run};
}  // namespace tulle::row_softmax
