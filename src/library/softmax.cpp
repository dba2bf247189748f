#include "tulle/softmax.hpp"

#include "kernels/row_softmax/kernel.hpp"
#include "library/masked.hpp"

namespace tulle {
void softmax_rows(std::span<const Index> offsets, float scale, const float* x, float* y, int threads) {
  library::check_threads("softmax_rows", threads);
  if (offsets.empty() || offsets[0] != 0) throw Error("softmax_rows", "offsets must begin with 0");
  for (std::size_t i = 1; i < offsets.size(); ++i)
    if (offsets[i] < offsets[i - 1])
      throw Error("softmax_rows", "row " + std::to_string(i - 1) + " ends at " + std::to_string(offsets[i]) +
                                      ", before it begins at " + std::to_string(offsets[i - 1]));
  if (x != y && library::overlap(x, offsets.back(), y, offsets.back()))
    throw Error("softmax_rows", "x and y overlap without being the same");
  const row_softmax::Kernel& kernel = row_softmax::best(cpu_features());
  const library::Shares shares(offsets, 1);
  parallel_for(threads, threads, [&](Index first, Index last) {
    for (Index piece = first; piece < last; ++piece)
      shares.visit(shares.start_of(piece, threads), shares.start_of(piece + 1, threads),
                   [&](Index, Index from, Index to) { kernel.run(offsets, scale, x, y, from, to); });
  });
}
}  // namespace tulle
