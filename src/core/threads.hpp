#pragma once
#include "tulle/tensor.hpp"

namespace tulle {
/// body(first, last) over [0, count) cut into `threads` pieces of nearly equal size, one thread each; each item is
/// done whole by one thread, so results have the same bits for any number of threads. The body must not throw.
template <class Body> void parallel_for(Index count, int threads, const Body& body) noexcept {
  const Index pieces = threads < count ? threads : count;
  if (pieces <= 1) {
    if (count > 0) body(Index{0}, count);
    return;
  }
#pragma omp parallel for num_threads(static_cast<int>(pieces)) schedule(static, 1)
  for (Index p = 0; p < pieces; ++p) body(count * p / pieces, count * (p + 1) / pieces);
}
}  // namespace tulle
