#pragma once
#include <algorithm>

#include "core/buffer.hpp"
#include "core/cpu.hpp"

namespace tulle::library {
/// Leaves nothing of other data in the caches: reads twice the last level's size, 64 to 512 MiB. For timings
/// of weights that come from memory, as they do in a model that is larger than the caches.
class Evicter {
 public:
  Evicter() : lines_(static_cast<std::size_t>(bytes() / long{sizeof(std::int64_t)})) {}
  void evict() const {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < lines_.size(); i += 8) sum += lines_[i];
    sink_ = sum;
  }

 private:
  static long bytes() { return std::clamp(2 * cpu_info().l3_bytes, 64L << 20, 512L << 20); }
  Buffer<std::int64_t> lines_;
  mutable volatile std::int64_t sink_ = 0;
};
}  // namespace tulle::library
