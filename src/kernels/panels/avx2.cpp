#include "kernels/simd/avx2.hpp"

namespace tulle::panels {
namespace {
/// dst[j][i] = src[i][j], 16 x 16.
TULLE_ISA_ATTR void turn(const float* src, Index src_ld, float* dst, Index dst_ld) {
  V r[kLanes];
  for (Index i = 0; i < kLanes; ++i) r[i] = load(src + i * src_ld);
  transpose(r);
  for (Index j = 0; j < kLanes; ++j) store(dst + j * dst_ld, r[j]);
}
}  // namespace
}  // namespace tulle::panels
#include "kernels/panels/body.inc"

namespace tulle::panels {
extern constinit const Kernel avx2{"panels/avx2", kIsa, from_rows, from_tokens, to_rows, to_tokens};
}  // namespace tulle::panels
