#pragma once
#include "kernels/sddmm/entries.hpp"

namespace tulle::sddmm {
/// The entries of a mask in an order that is good for dot products one by one: keys in blocks that stay near
/// while all queries meet them; of a block, the entries of each query are a segment, and segments stand by
/// their lengths in fours, so that branches on the length are foreseen, then by query.
struct Segments {
  struct Segment {
    Index begin;  ///< its first entry, in the order of CSR
    Index at;     ///< its keys
    std::int32_t query, count;
  };
  Segments(const Entries&, Index all_keys, Index block_keys);
  std::size_t bytes() const {
    return segments.size() * sizeof(Segment) + offsets.size() * sizeof(Index) +
           keys.size() * sizeof(std::int32_t);
  }

  /// body(segments), a span, for those of queries [first, last).
  template <class Body>
  void visit(Index first, Index last, const Body& body) const {
    const auto before = [](const Segment& s, Index query) { return s.query < query; };
    for (std::size_t g = 0; g + 1 < offsets.size(); ++g) {
      const auto from = segments.begin() + offsets[g], to = segments.begin() + offsets[g + 1];
      const auto begin = std::lower_bound(from, to, first, before);
      body(std::span(begin, std::lower_bound(begin, to, last, before)));
    }
  }

  std::vector<std::int32_t> keys;  ///< of all segments, in fours

 private:
  std::vector<Segment> segments;
  std::vector<Index> offsets{0};  // of groups: those of a block that are of like length
};
}  // namespace tulle::sddmm
