#pragma once
#include <array>
#include <cstdint>

namespace tulle::linear {
/// Lanes that a micro-kernel computes together: `count` neighbours from lane first[0] on and, if runs is 2,
/// as many from first[1] on.
struct LanePass {
  int count, runs;
  std::array<int, 2> first;
};
struct LanePasses {
  int count = 0;
  std::array<LanePass, 16> pass{};
};

/// All lanes whose bits are set, at most `most` in a pass: two rows of a narrow image in one tile share a
/// pass.
LanePasses lane_passes(std::uint32_t lanes, int most);
}  // namespace tulle::linear
