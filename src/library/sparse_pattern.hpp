#pragma once
#include <vector>

#include "kernels/spgemm/symbolic.hpp"

namespace tulle::library {
struct Pattern {
  std::vector<Index> offsets;
  std::vector<std::int32_t> columns;
};
/// The pattern of all rows of C, over threads: a block of rows at a time is written to room for the most that
/// it can have, then moved to where it belongs. An Error for one whose values take over 2 GiB.
Pattern find_pattern(const spgemm::Symbolic&, Index rows, int threads);
}  // namespace tulle::library
