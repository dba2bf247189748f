#include <algorithm>
#include "plan/builder.hpp"

namespace tulle::plan {
namespace {
constexpr std::size_t kAlign = 64;

bool in_use_together(const PlannedBuffer& a, const PlannedBuffer& b) {
  return a.first_use <= b.last_use && b.first_use <= a.last_use;
}

// Two buffers may share memory when their lifetimes are apart, and, where padding must stay zero, their layouts agree.
bool may_overlap(const PlannedBuffer& a, const PlannedBuffer& b) {
  if (in_use_together(a, b)) return false;
  if (!a.zeroed && !b.zeroed) return true;
  return a.zeroed && b.zeroed && a.layout == b.layout;
}
// Buffers with zero padding must coincide exactly to share.
bool same_place_only(const PlannedBuffer& a, const PlannedBuffer& b) { return a.zeroed || b.zeroed; }
}  // namespace

// Greedy by size (Pisarchyk and Lee 2020, arXiv 2001.03288): the largest first, each at the lowest offset that fits.
std::size_t place_buffers(std::vector<PlannedBuffer>& buffers) {
  std::vector<PlannedBuffer*> order;
  for (PlannedBuffer& b : buffers)
    if (b.kind == PlannedBuffer::Kind::arena && b.first_use >= 0) order.push_back(&b);
  std::stable_sort(order.begin(), order.end(), [](const PlannedBuffer* a, const PlannedBuffer* b) { return a->bytes > b->bytes; });
  std::size_t size = 0;
  std::vector<PlannedBuffer*> placed;
  for (PlannedBuffer* b : order) {
    std::vector<const PlannedBuffer*> obstacles;
    const PlannedBuffer* twin = nullptr;
    for (const PlannedBuffer* p : placed) {
      if (!may_overlap(*b, *p) || same_place_only(*b, *p)) obstacles.push_back(p);
    }
    for (const PlannedBuffer* p : placed) {
      if (!b->zeroed || !may_overlap(*b, *p) || !(p->layout == b->layout)) continue;
      const bool free = std::none_of(placed.begin(), placed.end(), [&](const PlannedBuffer* q) {
        return q->offset == p->offset && q->zeroed && in_use_together(*q, *b);
      });
      if (free) {
        twin = p;
        break;
      }
    }
    if (twin) {
      b->offset = twin->offset;
    } else {
      std::sort(obstacles.begin(), obstacles.end(), [](const PlannedBuffer* x, const PlannedBuffer* y) { return x->offset < y->offset; });
      std::size_t at = 0;
      for (const PlannedBuffer* o : obstacles) {
        if (at + b->bytes <= o->offset) break;
        at = std::max(at, (o->offset + o->bytes + kAlign - 1) / kAlign * kAlign);
      }
      b->offset = at;
    }
    size = std::max(size, b->offset + b->bytes);
    placed.push_back(b);
  }
  return size;
}
}  // namespace tulle::plan
