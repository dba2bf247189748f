#include "kernels/simd/avx2.hpp"

#include "kernels/pool/body.inc"

namespace tulle::pool {
extern constinit const Kernel avx2{"pool/avx2", kIsa, run, mean};
}  // namespace tulle::pool
