#pragma once
#include <vector>

#include "tulle/attention_mask.hpp"

namespace tulle::test {
constexpr Index kTokens = 83;  // no multiple of 8, of 16

/// Every kind, of lengths that are multiples of nothing, and the empty and full corners.
inline std::vector<AttentionMask> masks() {
  std::vector<AttentionMask> all;
  for (const char* text : {"full", "causal", "band:0", "band:9", "window:40,3", "bigbird:8,3,1,2",
                           "block:12,0.4", "slash:5,4", "random:0.1", "random:0.01", "random:0"})
    all.push_back(AttentionMask::named(text, kTokens, kTokens));
  all.push_back(AttentionMask::named("random:0.5", 37, 51));
  all.push_back(AttentionMask::full(1, 1));
  all.push_back(AttentionMask::full(8, 64));
  all.push_back(AttentionMask::full(3, 0));
  all.push_back(AttentionMask::full(0, 3));
  return all;
}
}  // namespace tulle::test
