#include "kernels/simd/avx2.hpp"

#include "kernels/recurrent/body.inc"

namespace tulle::recurrent {
extern constinit const Kernel avx2{"recurrent/avx2", kIsa, lstm, gru};
}  // namespace tulle::recurrent
