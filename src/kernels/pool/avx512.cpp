#include "kernels/simd/avx512.hpp"

#include "kernels/pool/body.inc"

namespace tulle::pool {
extern constinit const Kernel avx512{"pool/avx512", kIsa, run, mean};
}  // namespace tulle::pool
