#include "kernels/simd/avx2.hpp"

#include "kernels/sddmm/body.inc"

namespace tulle::sddmm {
extern constinit const Kernel avx2_tiles{"sddmm/avx2/tiles", kIsa, refuse_order, tiles_cost_us,
                                         prepare<Tiled>};
extern constinit const Kernel avx2_entries{"sddmm/avx2/entries", kIsa, refuse_order, entries_cost_us,
                                           prepare<ByEntry>};
extern constinit const Kernel avx2_blocks{"sddmm/avx2/blocks", kIsa, refuse_no_blocks, blocks_cost_us,
                                          prepare<ByBlock>};
}  // namespace tulle::sddmm
