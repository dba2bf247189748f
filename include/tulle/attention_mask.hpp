#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tulle/sparse.hpp"

namespace tulle {
/// Keys first .. last - 1.
struct KeyRange {
  std::int32_t first = 0, last = 0;
  bool operator==(const KeyRange&) const = default;
};

/// Where BigBird's blocks lie (Zaheer et al., arXiv 2007.14062), counted in blocks of `block` tokens.
struct BigBird {
  Index block = 64;
  Index window = 3;  ///< blocks around the diagonal, odd
  Index global = 1;  ///< first blocks, that see all and that all see
  Index random = 3;  ///< further blocks of each row of blocks, by `seed`; some may coincide with the others
  unsigned seed = 1;
};

/// Which keys each query attends to: for each query, ranges of keys that rise and do not touch. Immutable.
/// Every maker throws Error for sizes that are negative or beyond 2^31 - 1; a query may be left without keys.
class AttentionMask {
 public:
  static AttentionMask full(Index queries, Index keys);
  /// Query i stands at position first + i and sees the keys at its own and all earlier positions.
  static AttentionMask causal(Index queries, Index keys, Index first = 0);
  /// Query i sees the keys from `before` before position first + i to `after` after it.
  static AttentionMask window(Index queries, Index keys, Index before, Index after, Index first = 0);
  static AttentionMask bigbird(Index tokens, const BigBird& = {});
  /// Blocks of block_queries x block_keys; the last ones may be cut off. kept: one number for each block,
  /// row-major.
  static AttentionMask blocks(Index queries, Index keys, Index block_queries, Index block_keys,
                              std::span<const std::uint8_t> kept);
  /// Columns of keys that all see, and diagonals, counted from the main one to earlier keys: with the causal
  /// mask laid over it, the pattern of MInference (Jiang et al., arXiv 2407.02490).
  static AttentionMask vertical_slash(Index tokens, std::span<const Index> verticals,
                                      std::span<const Index> slashes);
  /// The entries of a CSR matrix, whatever their values.
  static AttentionMask pattern(const CsrView&);
  /// Each pair kept with this probability.
  static AttentionMask random(Index queries, Index keys, double density, unsigned seed);
  /// "full", "causal", "band:64", "window:128,0", "bigbird:64,3,1,3", "block:64,0.25", "slash:8,4" (so many
  /// verticals and slashes by chance), "random:0.1": what commands and suites write.
  static AttentionMask named(std::string_view text, Index queries, Index keys);

  Index queries() const { return static_cast<Index>(offsets_.size()) - 1; }
  Index keys() const { return keys_; }
  Index entries() const { return entries_; }
  double density() const;
  std::span<const KeyRange> row(Index query) const {
    return std::span(ranges_).subspan(static_cast<std::size_t>(offsets_[static_cast<std::size_t>(query)]),
                                      static_cast<std::size_t>(offsets_[static_cast<std::size_t>(query) + 1] -
                                                               offsets_[static_cast<std::size_t>(query)]));
  }
  Csr to_csr() const;  ///< every value 1
  bool operator==(const AttentionMask&) const = default;

  /// What both keep, what either keeps; Error if the sizes differ.
  friend AttentionMask operator&(const AttentionMask&, const AttentionMask&);
  friend AttentionMask operator|(const AttentionMask&, const AttentionMask&);

 private:
  AttentionMask(Index queries, Index keys);
  void add(Index first,
           Index last);  ///< to the row in work; cut to the keys there are, joined if it touches the last
  void end_row();

  Index keys_ = 0, entries_ = 0;
  std::vector<Index> offsets_{0};
  std::vector<KeyRange> ranges_;
};
}  // namespace tulle
