#include "kernels/simd/avx512.hpp"

#include "kernels/attention/body.inc"

namespace tulle::attention {
extern constinit const Kernel avx512{"attention/avx512", kIsa, run};
}  // namespace tulle::attention
