#include "kernels/simd/avx2.hpp"

#include "kernels/panels/body.inc"

namespace tulle::panels {
extern constinit const Kernel avx2{"panels/avx2", kIsa, from_rows, from_tokens, to_rows, to_tokens};
}  // namespace tulle::panels
