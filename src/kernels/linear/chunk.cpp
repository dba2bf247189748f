#include "kernels/linear/chunk.hpp"

#include <algorithm>
#include <unordered_set>

#include "core/cpu.hpp"

namespace tulle::linear {
Index tiles_in_l2(std::span<const std::int32_t> b_offsets) {
  constexpr Index kBytes = 512 << 10, kLine = 64;
  std::unordered_set<std::int32_t> lines;  // the taps of a convolution share most of theirs
  for (std::int32_t offset : b_offsets) lines.insert(offset >> 4);
  return std::max<Index>(4, kBytes / kLine / std::max<Index>(1, std::ssize(lines)));
}
double zmm_fma_cycles() {
  static const bool one_pipe = cpu_info().model.find("AMD") != std::string::npos;
  return one_pipe ? 1 : 0.5;
}
}  // namespace tulle::linear
