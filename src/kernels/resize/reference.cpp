// The specification in code: one element at a time, in f64.
#include "kernels/resize/elementwise.hpp"

namespace tulle::resize {
extern constinit const Kernel reference{"resize/reference", Features::none, elementwise};
}  // namespace tulle::resize
