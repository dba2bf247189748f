#include "kernels/simd/avx512.hpp"

#include "kernels/panels/body.inc"

namespace tulle::panels {
extern constinit const Kernel avx512{"panels/avx512", kIsa, from_rows, from_tokens, to_rows, to_tokens};
}  // namespace tulle::panels
