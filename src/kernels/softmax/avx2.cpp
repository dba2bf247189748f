#include "kernels/simd/avx2.hpp"

#include "kernels/softmax/body.inc"

namespace tulle::softmax {
extern constinit const Kernel avx2{"softmax/avx2", kIsa, run};
}  // namespace tulle::softmax
