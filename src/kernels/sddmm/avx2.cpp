#include "kernels/simd/avx2.hpp"

#include "kernels/sddmm/body.inc"

namespace tulle::sddmm {
extern constinit const Kernel avx2_tiles{"sddmm/avx2/tiles", kIsa, accept, tiles_cost_us, prepare<Tiled>};
extern constinit const Kernel avx2_entries{"sddmm/avx2/entries", kIsa, accept, entries_cost_us,
                                           prepare<ByEntry>};
}  // namespace tulle::sddmm
