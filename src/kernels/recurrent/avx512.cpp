#include "kernels/simd/avx512.hpp"

#include "kernels/recurrent/body.inc"

namespace tulle::recurrent {
extern constinit const Kernel avx512{"recurrent/avx512", kIsa, lstm, gru};
}  // namespace tulle::recurrent
