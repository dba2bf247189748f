#include "kernels/best.hpp"
#include "kernels/pointwise/kernel.hpp"

namespace tulle::pointwise {
extern const Kernel avx512, avx2, reference;
static const Kernel* const kBestFirst[] = {&avx512, &avx2, &reference};
std::span<const Kernel* const> kernels() {
  return kBestFirst;
}
const Kernel& best(Features have) {
  return best_of(kernels(), have);
}
TileActivation tile_activation(ActivationKind kind, Features have) {
  return best(have).tile[static_cast<int>(kind)];
}
}  // namespace tulle::pointwise
