#pragma once
#include "kernels/attention/kernel.hpp"

namespace tulle::attention {
/// One item of work: 16 queries of a head, and where its operands begin (floats from the buffers' starts).
struct Item {
  Index group, head, tile;
  Index q, k, v, o, mask;
};

inline Index start_of(const Heads& heads, Index group, Index head, Index dims, Index tile) {
  return heads.layout.at(group, heads.first_feature + head * dims, 0, tile * kLanes);
}

inline Item item_of(const Problem& p, Index index) {
  const Index tile = index % p.query_tiles(), head = index / p.query_tiles() % p.heads;
  const Index group = index / p.query_tiles() / p.heads, kv_head = head * p.kv_heads / p.heads;
  return {group,
          head,
          tile,
          start_of(p.q, group, head, p.head_dim, tile),
          start_of(p.k, group, kv_head, p.head_dim, 0),
          start_of(p.v, group, kv_head, p.value_dim, 0),
          start_of(p.o, group, head, p.value_dim, tile),
          group * p.mask_group + head * p.mask_head + tile * kLanes * p.mask_query};
}
}  // namespace tulle::attention
