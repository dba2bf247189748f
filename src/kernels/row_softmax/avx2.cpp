#include "kernels/simd/avx2.hpp"

#include "kernels/row_softmax/body.inc"

namespace tulle::row_softmax {
extern constinit const Kernel avx2{"row_softmax/avx2", kIsa, run};
}  // namespace tulle::row_softmax
