#include "kernels/simd/avx512.hpp"

#include "kernels/sddmm/body.inc"

namespace tulle::sddmm {
extern constinit const Kernel avx512_tiles{"sddmm/avx512/tiles", kIsa, refuse_order, tiles_cost_us,
                                           prepare<Tiled>};
extern constinit const Kernel avx512_entries{"sddmm/avx512/entries", kIsa, refuse_order, entries_cost_us,
                                             prepare<ByEntry>};
extern constinit const Kernel avx512_blocks{"sddmm/avx512/blocks", kIsa, refuse_no_blocks, blocks_cost_us,
                                            prepare<ByBlock>};
}  // namespace tulle::sddmm
