#include "kernels/sddmm/segments.hpp"

namespace tulle::sddmm {
Segments::Segments(const Entries& entries, Index all_keys, Index block_keys) {
  constexpr std::size_t kLengths = 5;  // up to 4, 8, 12, 16 entries, and more
  std::vector<Index> next(entries.offsets.begin(), entries.offsets.end() - 1);
  std::vector<Segment> of_length[kLengths];
  for (Index last = block_keys; last < all_keys + block_keys; last += block_keys) {
    for (std::size_t i = 0; i < next.size(); ++i) {
      const auto row =
          entries.row(static_cast<Index>(i)).subspan(static_cast<std::size_t>(next[i] - entries.offsets[i]));
      const Index count = std::lower_bound(row.begin(), row.end(), last) - row.begin();
      if (count == 0) continue;
      const auto length = std::min(kLengths - 1, static_cast<std::size_t>(count - 1) / 4);
      of_length[length].push_back(
          {next[i], 0, static_cast<std::int32_t>(i), static_cast<std::int32_t>(count)});
      next[i] += count;
    }
    for (auto& group : of_length) {
      for (Segment& s : group) {
        s.at = static_cast<Index>(keys.size());
        const Index first = entries.offsets[static_cast<std::size_t>(s.query)];
        add_fours(keys, entries.row(s.query).subspan(static_cast<std::size_t>(s.begin - first),
                                                     static_cast<std::size_t>(s.count)));
        segments.push_back(s);
      }
      offsets.push_back(static_cast<Index>(segments.size()));
      group.clear();
    }
  }
}
}  // namespace tulle::sddmm
