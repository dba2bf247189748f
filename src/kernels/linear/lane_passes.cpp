#include "kernels/linear/lane_passes.hpp"

#include <algorithm>
#include <bit>

namespace tulle::linear {
namespace {
void add(LanePasses& to, int first, int count, int most) {
  for (int i = 0; i < to.count; ++i) {
    LanePass& other = to.pass[static_cast<std::size_t>(i)];
    if (other.runs > 1 || other.count != count || 2 * count > most) continue;
    other.runs = 2, other.first[1] = first;
    return;
  }
  to.pass[static_cast<std::size_t>(to.count++)] = {count, 1, {first, 0}};
}
}  // namespace

LanePasses lane_passes(std::uint32_t lanes, int most) {
  LanePasses passes;
  for (int first = 0; lanes >> first != 0;) {
    first += std::countr_zero(lanes >> first);
    const int run = std::countr_one(lanes >> first), pieces = (run + most - 1) / most;
    for (int i = 0; i < pieces; ++i)
      add(passes, first + run * i / pieces, run * (i + 1) / pieces - run * i / pieces, most);
    first += run;
  }
  return passes;
}
}  // namespace tulle::linear
