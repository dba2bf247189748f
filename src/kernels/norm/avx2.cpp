#include "kernels/simd/avx2.hpp"

#include "kernels/norm/body.inc"

namespace tulle::norm {
extern constinit const Kernel avx2{"norm/avx2", kIsa, run};
}  // namespace tulle::norm
