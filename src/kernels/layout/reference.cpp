// The specification in code: one element at a time.
#include "kernels/layout/elementwise.hpp"

namespace tulle::layout {
static void convert(const Layout& from, const float* src, const Layout& to, float* dst, Part part) noexcept {
  elementwise(from, src, to, dst, {}, {1, 1}, part);
}

extern constinit const Kernel reference{"layout/reference", Features::none, convert, elementwise_deinterleave,
                                        elementwise_subsample};
}  // namespace tulle::layout
