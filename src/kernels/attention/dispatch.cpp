#include "kernels/attention/kernel.hpp"
#include "kernels/best.hpp"

namespace tulle::attention {
extern const Kernel avx512, avx2, reference;
static const Kernel* const kBestFirst[] = {&avx512, &avx2, &reference};
std::span<const Kernel* const> kernels() {
  return kBestFirst;
}
const Kernel& best(Features have) {
  return best_of(kernels(), have);
}

static std::optional<std::string> refuse(const Heads& heads, const char* name, Index count, Index dims) {
  const Layout& l = heads.layout;
  if (l.lane_stride != 1 || l.feature_stride != kLanes || l.height != 1)
    return std::string(name) + " is no panel of tokens: lane stride " + std::to_string(l.lane_stride) +
           ", feature stride " + std::to_string(l.feature_stride) + ", height " + std::to_string(l.height);
  if (heads.first_feature + count * dims > l.features)
    return std::string(name) + " has " + std::to_string(l.features) + " features, less than " +
           std::to_string(heads.first_feature) + " + " + std::to_string(count) + " heads of " +
           std::to_string(dims);
  return std::nullopt;
}

std::optional<std::string> refuse(const Problem& p) {
  if (p.heads < 1 || p.kv_heads < 1 || p.heads % p.kv_heads != 0 || p.head_dim < 1 || p.value_dim < 1)
    return std::to_string(p.heads) + " heads over " + std::to_string(p.kv_heads) + " key heads, of " +
           std::to_string(p.head_dim) + " and " + std::to_string(p.value_dim) + " dimensions";
  if (p.k.layout.width != p.v.layout.width || p.q.layout.width != p.o.layout.width || p.keys() < 1)
    return std::to_string(p.keys()) + " keys, " + std::to_string(p.v.layout.width) + " values, " +
           std::to_string(p.queries()) + " queries, " + std::to_string(p.o.layout.width) + " results";
  if (auto why = refuse(p.q, "Q", p.heads, p.head_dim)) return why;
  if (auto why = refuse(p.k, "K", p.kv_heads, p.head_dim)) return why;
  if (auto why = refuse(p.v, "V", p.kv_heads, p.value_dim)) return why;
  return refuse(p.o, "O", p.heads, p.value_dim);
}

Index scratch_floats(const Problem& p) {
  constexpr Index kTogether = 2;  // tiles of queries that a kernel may take at once
  return p.k.layout.tiles() * kLanes + kTogether * (p.k.layout.tiles() * kLanes + p.head_dim) * kLanes;
}
}  // namespace tulle::attention
