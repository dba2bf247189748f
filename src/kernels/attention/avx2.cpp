#include "kernels/simd/avx2.hpp"

#include "kernels/attention/body.inc"

namespace tulle::attention {
extern constinit const Kernel avx2{"attention/avx2", kIsa, run};
}  // namespace tulle::attention
