#include "kernels/simd/avx512.hpp"

#include "kernels/softmax/body.inc"

namespace tulle::softmax {
extern constinit const Kernel avx512{"softmax/avx512", kIsa, run};
}  // namespace tulle::softmax
