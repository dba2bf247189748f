#include "kernels/simd/avx512.hpp"

#include "kernels/sparse_attention/body.inc"

namespace tulle::sparse_attention {
extern constinit const Kernel avx512_tiles{"sparse_attention/avx512/tiles", kIsa, accept, tiles_cost_us,
                                           prepare<Tiled>};
extern constinit const Kernel avx512_entries{"sparse_attention/avx512/entries", kIsa, accept, entries_cost_us,
                                             prepare<ByEntry>};
}  // namespace tulle::sparse_attention
