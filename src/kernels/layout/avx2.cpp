#include "kernels/simd/avx2.hpp"

#include "kernels/layout/body.inc"

namespace tulle::layout {
extern constinit const Kernel avx2{"layout/avx2", kIsa, convert, deinterleave, subsample};
}  // namespace tulle::layout
