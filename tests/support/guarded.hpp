#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <random>

#include "kernels/lanes.hpp"

namespace tulle::test {
/// `count` floats between two pages that may not be touched: the first float begins a page if `at_start`,
/// else the last float ends one. Filled with NaN, so that what must not be read, and what should have been
/// written, shows.
class Guarded {
 public:
  explicit Guarded(Index count, bool at_start = false) : count_(count) {
    const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t used = (static_cast<std::size_t>(count) * sizeof(float) + page - 1) / page * page;
    bytes_ = used + 2 * page;
    map_ = static_cast<char*>(mmap(nullptr, bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(map_ + page, used, PROT_READ | PROT_WRITE);
    char* first =
        at_start ? map_ + page : map_ + page + used - static_cast<std::size_t>(count) * sizeof(float);
    data_ = reinterpret_cast<float*>(first);
    std::fill_n(data_, count_, std::nanf(""));
  }
  ~Guarded() { munmap(map_, bytes_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  float* data() { return data_; }
  Index size() const { return count_; }
  float& operator[](Index i) { return data_[i]; }
  void randomize(unsigned seed, float low = -1, float high = 1) {
    std::mt19937 bits(seed);
    std::uniform_real_distribution<float> real(low, high);
    for (Index i = 0; i < count_; ++i) data_[i] = real(bits);
  }

 private:
  Index count_;
  std::size_t bytes_;
  char* map_;
  float* data_;
};

/// Floats from the start of the buffer to the end of the last lane that belongs to the layout.
inline Index floats_of(const Layout& l) {
  const Index last = own_lanes(l) - 1;
  return l.at(l.groups - 1, l.features - 1, 0, last % l.pitch) - (last % l.pitch) / kLanes * l.tile_stride -
         (last % l.pitch) % kLanes * l.lane_stride + last / kLanes * l.tile_stride +
         last % kLanes * l.lane_stride + 1;
}

inline Layout row_major(Index groups, Index tokens, Index features, Index stride) {
  return {groups, features, 1, tokens, tokens, 0, tokens * stride, 1, kLanes * stride, stride, false};
}
inline Layout panels(Index groups, Index features, Index height, Index width, Index pitch) {
  Layout l{groups, features, height, width, pitch, 0, 0, kLanes, kLanes * features, 1, false};
  l.group_stride = l.tiles() * l.tile_stride;
  return l;
}
inline Layout nchw(Index groups, Index features, Index height, Index width) {
  return {groups,         features, height, width, width, 0, features * height * width,
          height * width, kLanes,   1,      false};
}
/// Planes with one column of zeros after each row, room for a row above and one below.
inline Layout planes(Index groups, Index features, Index height, Index width, Index pad) {
  Layout l{groups, features, height, width, width + pad, (width + pad) * pad, 0, 0, kLanes, 1, true};
  l.feature_stride = (l.tiles() * kLanes + l.pitch * pad + kLanes - 1) / kLanes * kLanes;
  l.group_stride = l.features * l.feature_stride;
  return l;
}
}  // namespace tulle::test
