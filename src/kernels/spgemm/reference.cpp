// The specification in code: entry by entry, in f64. Clear, never fast.
#include <algorithm>

#include "formats/arrays.hpp"
#include "kernels/spgemm/kernel.hpp"

namespace tulle::spgemm {
namespace {
double entry(const CsrView& a, const CsrView& b, Index i, std::int32_t j) {
  double sum = 0;
  for (Index e = 0; e < row_length(a, i); ++e) {
    const std::int32_t p = row_columns(a, i)[static_cast<std::size_t>(e)];
    const auto columns = row_columns(b, p);
    const auto found = std::lower_bound(columns.begin(), columns.end(), j);
    if (found == columns.end() || *found != j) continue;
    sum += double{row_values(a, i)[static_cast<std::size_t>(e)]} *
           row_values(b, p)[static_cast<std::size_t>(found - columns.begin())];
  }
  return sum;
}

Index scratch_words(const Problem&) {
  return 0;
}
void run(const Problem& p, Index first, Index last, float* c, std::uint32_t*) noexcept {
  for (Index i = first; i < last; ++i)
    for (Index e = p.c_offsets[static_cast<std::size_t>(i)]; e < p.c_offsets[static_cast<std::size_t>(i) + 1];
         ++e)
      c[e] = static_cast<float>(entry(p.a, p.b, i, p.c_columns[static_cast<std::size_t>(e)]));
}
}  // namespace
extern constinit const Kernel reference{"spgemm/reference", Features::none, scratch_words, run};
}  // namespace tulle::spgemm
