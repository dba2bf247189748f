#include "kernels/best.hpp"
#include "kernels/panels/kernel.hpp"

namespace tulle::panels {
extern const Kernel avx512, avx2, reference;
static const Kernel* const kBestFirst[] = {&avx512, &avx2, &reference};
std::span<const Kernel* const> kernels() {
  return kBestFirst;
}
const Kernel& best(Features have) {
  return best_of(kernels(), have);
}
}  // namespace tulle::panels
