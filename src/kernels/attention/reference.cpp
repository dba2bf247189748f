// The specification in code: one query at a time, sums in f64, scores rounded to the scratch.
#include <cmath>
#include <limits>

#include "kernels/attention/item.hpp"

namespace tulle::attention {
namespace {
Index key_at(const Layout& layout, Index key) {
  return key / kLanes * layout.tile_stride + key % kLanes;
}

/// exp(score - largest score) of every key, and their sum.
double weights(const Problem& p, const float* q, const float* k, const float* mask, float* score) {
  double top = -std::numeric_limits<double>::infinity(), total = 0;
  for (Index j = 0; j < p.keys(); ++j) {
    double s = 0;
    for (Index d = 0; d < p.head_dim; ++d) s += double(q[d * kLanes]) * k[key_at(p.k.layout, j) + d * kLanes];
    score[j] = static_cast<float>(s * p.scale + (p.masked ? mask[j] : 0.0f));
    top = std::max(top, double(score[j]));
  }
  for (Index j = 0; j < p.keys(); ++j) {
    score[j] = static_cast<float>(std::exp(score[j] - top));
    total += score[j];
  }
  return total;
}

void run(const Problem& p, const float* q, const float* k, const float* v, const float* mask, float* o,
         float* scratch, Index first, Index last) noexcept {
  for (Index index = first; index < last; ++index) {
    const Item at = item_of(p, index);
    for (Index lane = 0; lane < kLanes; ++lane) {
      const bool real = at.tile * kLanes + lane < p.queries();
      const double total =
          real ? weights(p, q + at.q + lane, k + at.k, mask + at.mask + lane * p.mask_query, scratch) : 1;
      for (Index d = 0; d < p.value_dim; ++d) {
        double sum = 0;
        for (Index j = 0; j < p.keys() && real; ++j)
          sum += double(scratch[j]) * v[at.v + key_at(p.v.layout, j) + d * kLanes];
        o[at.o + d * kLanes + lane] = static_cast<float>(sum / total);
      }
    }
  }
}
}  // namespace

extern constinit const Kernel reference{"attention/reference", Features::none, run};
}  // namespace tulle::attention
