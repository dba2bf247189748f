#include "kernels/simd/avx512.hpp"

#include "kernels/sddmm/body.inc"

namespace tulle::sddmm {
extern constinit const Kernel avx512_tiles{"sddmm/avx512/tiles", kIsa, accept, tiles_cost_us, prepare<Tiled>};
extern constinit const Kernel avx512_entries{"sddmm/avx512/entries", kIsa, accept, entries_cost_us,
                                             prepare<ByEntry>};
}  // namespace tulle::sddmm
