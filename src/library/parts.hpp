#pragma once
#include "core/threads.hpp"
#include "kernels/lanes.hpp"

namespace tulle::library {
/// body(Part) over a layout, shared out by groups where there are enough of them, else by tiles.
template <class Body>
void for_parts(const Layout& l, int threads, const Body& body) noexcept {
  if (l.groups >= threads)
    parallel_for(l.groups, threads, [&](Index first, Index last) { body(Part{first, last, 0, l.tiles()}); });
  else
    parallel_for(l.tiles(), threads, [&](Index first, Index last) { body(Part{0, l.groups, first, last}); });
}
}  // namespace tulle::library
