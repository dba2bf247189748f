#include "kernels/simd/avx2.hpp"

#include "kernels/sparse_attention/body.inc"

namespace tulle::sparse_attention {
extern constinit const Kernel avx2_tiles{"sparse_attention/avx2/tiles", kIsa, accept, tiles_cost_us,
                                         prepare<Tiled>};
extern constinit const Kernel avx2_entries{"sparse_attention/avx2/entries", kIsa, accept, entries_cost_us,
                                           prepare<ByEntry>};
}  // namespace tulle::sparse_attention
