#include "kernels/simd/avx2.hpp"

#include "kernels/resize/body.inc"

namespace tulle::resize {
extern constinit const Kernel avx2{"resize/avx2", kIsa, run};
}  // namespace tulle::resize
