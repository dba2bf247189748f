#include "kernels/simd/avx512.hpp"

#include "kernels/layout/body.inc"

namespace tulle::layout {
extern constinit const Kernel avx512{"layout/avx512", kIsa, convert, deinterleave, subsample};
}  // namespace tulle::layout
