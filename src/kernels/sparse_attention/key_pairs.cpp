#include "kernels/sparse_attention/key_pairs.hpp"

#include <algorithm>

namespace tulle::sparse_attention {
KeyPairs::KeyPairs(const MaskTilesOf<16>& tiles) {
  for (Index b = 0; b < tiles.blocks(); ++b) {
    const auto block = tiles.block(b);
    for (std::size_t t = 0; t < block.size();) {
      const bool two = t + 1 < block.size() && block[t + 1].panel == block[t].panel + 1;
      pairs.push_back({block[t].panel, two ? 2 : 1});
      starts.push_back(block[t].panel * kPanelWords);
      t += two ? 2 : 1;
    }
    most = std::max(most, static_cast<Index>(pairs.size()) - offsets.back());
    offsets.push_back(static_cast<Index>(pairs.size()));
  }
}
}  // namespace tulle::sparse_attention
