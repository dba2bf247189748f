#pragma once
#include "tulle/sparse.hpp"

namespace tulle {
struct BlockSize {
  Index rows, cols;
};

/// Columns, counted in blocks and rising, of the blocks of one row of blocks that hold an entry.
std::vector<std::int32_t> touched_blocks(const CsrView&, Index block_row, BlockSize);

/// Blocks that hold an entry; stops counting above `most`.
Index count_blocks(const CsrView&, BlockSize, Index most);
}  // namespace tulle
