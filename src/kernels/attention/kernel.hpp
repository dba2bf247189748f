#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/cpu.hpp"
#include "kernels/lanes.hpp"

namespace tulle::attention {
/// Heads in panels (lane_stride 1, feature_stride 16, height 1, whole tiles): tokens are columns, and
/// dimension d of head h is feature first_feature + h * dims + d. tile_stride and group_stride are free, so
/// that Q, K and V may be parts of one panel.
struct Heads {
  Layout layout;
  Index first_feature = 0;
};

/// O = softmax(scale * Q K^T + mask) V for each group and head (Vaswani et al., arXiv 1706.03762). Query head
/// h uses key head h * kv_heads / heads. q, k: head_dim dimensions a head; v, o: value_dim. The mask, if any,
/// is added: number (g, h, i, j) of query i, key j is mask[g * mask_group + h * mask_head + i * mask_query +
/// j]; a stride 0 shares it.
struct Problem {
  Heads q, k, v, o;
  Index heads = 1, kv_heads = 1, head_dim = 0, value_dim = 0;
  float scale = 1;
  bool masked = false;
  Index mask_group = 0, mask_head = 0, mask_query = 0;

  Index queries() const { return q.layout.width; }
  Index keys() const { return k.layout.width; }
  Index query_tiles() const { return q.layout.tiles(); }
  Index items() const {
    return q.layout.groups * heads * query_tiles();
  }  ///< what threads share: 16 queries of a head
};

/// Why no kernel of the family runs this problem, with the numbers; nullopt: all do.
std::optional<std::string> refuse(const Problem&);
/// Floats that one call of run needs for itself, 64-byte aligned: the scores of two tiles of queries, those
/// queries, and a number for each key.
Index scratch_floats(const Problem&);

struct Kernel {
  std::string_view name;
  Features needs;
  /// Items [first, last), the groups outermost, then heads, then tiles of queries. O's tiles are written
  /// whole: lanes that are no query become zeros. Each item is computed alone: any cut gives the same bits. O
  /// may be Q.
  void (*run)(const Problem&, const float* q, const float* k, const float* v, const float* mask, float* o,
              float* scratch, Index first, Index last) noexcept;
};

std::span<const Kernel* const> kernels();  ///< best first; the last runs everywhere
const Kernel& best(Features have);
}  // namespace tulle::attention
