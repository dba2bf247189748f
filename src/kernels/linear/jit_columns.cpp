#include "kernels/linear/jit_columns.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace tulle::linear::generated {
namespace {
/// The columns of some entries by rank, and the place of each among them.
class Used {
 public:
  Used(std::span<const std::int32_t> columns, std::span<const std::int32_t> ranks) : ranks_(ranks) {
    constexpr std::ptrdiff_t kRanksPerEntry = 16;  // more are too many to look through
    if (std::ssize(ranks) > kRanksPerEntry * std::ssize(columns)) {
      list_.assign(columns.begin(), columns.end());
      std::sort(list_.begin(), list_.end(), [&](auto a, auto b) { return ranks[a] < ranks[b]; });
      list_.erase(std::unique(list_.begin(), list_.end()), list_.end());
      return;
    }
    list_.assign(ranks.size(), -1);
    for (const std::int32_t c : columns) list_[static_cast<std::size_t>(ranks[c])] = c;
    std::erase(list_, -1);
    places_.resize(ranks.size());
    for (std::uint32_t i = 0; i < list_.size(); ++i) places_[static_cast<std::size_t>(ranks[list_[i]])] = i;
  }
  const std::vector<std::int32_t>& list() const { return list_; }
  std::size_t place_of(std::int32_t column) const {
    if (!places_.empty()) return places_[static_cast<std::size_t>(ranks_[column])];
    const auto at =
        std::partition_point(list_.begin(), list_.end(), [&](auto c) { return ranks_[c] < ranks_[column]; });
    return static_cast<std::size_t>(at - list_.begin());
  }

 private:
  std::span<const std::int32_t> ranks_;
  std::vector<std::int32_t> list_;
  std::vector<std::uint32_t> places_;  ///< by rank; empty where list_ is searched
};
}  // namespace

Columns collect_columns(const Problem& p, std::span<const std::int32_t> ranks, Index first, Index count) {
  const Index first_entry = p.a.offsets[first], entries = p.a.offsets[first + count] - first_entry;
  const auto columns =
      p.a.columns.subspan(static_cast<std::size_t>(first_entry), static_cast<std::size_t>(entries));
  const Used used(columns, ranks);
  Columns result;
  for (const std::int32_t c : used.list())
    result.columns.push_back({Index{4} * p.b_offsets[c], ranks[c], 0, 0});
  for (const std::int32_t c : columns) ++result.columns[used.place_of(c)].count;
  std::uint32_t next = 0;
  for (Column& c : result.columns) c.first = std::exchange(next, next + std::exchange(c.count, 0));
  result.nonzeros.resize(static_cast<std::size_t>(entries));
  for (Index i = first; i < first + count; ++i)
    for (Index e = p.a.offsets[i]; e < p.a.offsets[i + 1]; ++e) {
      Column& c = result.columns[used.place_of(p.a.columns[e])];
      result.nonzeros[c.first + c.count++] = {static_cast<std::int32_t>(i - first), p.a.values[e]};
    }
  return result;
}

std::vector<std::int32_t> cut_columns(std::span<const Columns> tiles, Index cols, Index blocks) {
  std::vector<Index> before(static_cast<std::size_t>(cols) + 1, 0);  // nonzeros of the ranks before each
  for (const Columns& tile : tiles)
    for (const Column& c : tile.columns) before[static_cast<std::size_t>(c.rank) + 1] += c.count;
  std::partial_sum(before.begin(), before.end(), before.begin());
  std::vector<std::int32_t> ranks;
  for (Index block = 0; block < blocks; ++block) {
    const auto at = std::lower_bound(before.begin(), before.end(), before.back() * block / blocks);
    ranks.push_back(static_cast<std::int32_t>(at - before.begin()));
  }
  ranks.push_back(static_cast<std::int32_t>(cols));
  return ranks;
}

Index place_in_panels(std::span<Columns> tiles, std::span<const std::int32_t> blocks, Index b_ld, bool copy) {
  std::vector<std::int32_t> users(static_cast<std::size_t>(blocks.back()), 0), places(users);
  for (const Columns& tile : tiles)
    for (const Column& c : tile.columns) ++users[static_cast<std::size_t>(c.rank)];
  std::int32_t longest = 0;
  for (std::size_t block = 0; block + 1 < blocks.size(); ++block) {
    std::int32_t place = 0;
    for (auto rank = static_cast<std::size_t>(blocks[block]); std::cmp_less(rank, blocks[block + 1]);
         ++rank) {
      places[rank] = place;
      place += copy && users[rank] > 1;
    }
    longest = std::max(longest, place);
  }
  std::vector<bool> read(users.size(), false);
  for (Columns& tile : tiles)
    for (Column& c : tile.columns) {
      const auto rank = static_cast<std::size_t>(c.rank);
      c.b_bytes = Index{4} * kLanes * places[rank];
      if (read[rank] && copy) continue;
      read[rank] = true;
      c.source_bytes = Index{4} * b_ld * c.rank;
      c.keep = copy && users[rank] > 1;
    }
  return longest;
}
}  // namespace tulle::linear::generated
