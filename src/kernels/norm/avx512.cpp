#include "kernels/simd/avx512.hpp"

#include "kernels/norm/body.inc"

namespace tulle::norm {
extern constinit const Kernel avx512{"norm/avx512", kIsa, run};
}  // namespace tulle::norm
