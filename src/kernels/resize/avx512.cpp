#include "kernels/simd/avx512.hpp"

#include "kernels/resize/body.inc"

namespace tulle::resize {
extern constinit const Kernel avx512{"resize/avx512", kIsa, run};
}  // namespace tulle::resize
