#include "library/sparse_pattern.hpp"

#include <algorithm>

#include "core/buffer.hpp"
#include "core/checked.hpp"
#include "core/threads.hpp"
#include "formats/arrays.hpp"

namespace tulle::library {
namespace {
constexpr Index kBlock = Index{1} << 19;  ///< columns that a block of several rows may have: 2 MiB

class Finder {
 public:
  Finder(const spgemm::Symbolic& symbolic, Index rows, int threads)
      : symbolic_(symbolic), rows_(rows), threads_(threads) {
    Index longest = 0;
    for (Index i = 0; i < rows; ++i) {
      words_ = std::max(words_, symbolic.scratch_words(i) + symbolic.scratch_words(i) % 2);
      longest = std::max(longest, room_of(i));
      all_ = checked_add(all_, room_of(i), "columns");
    }
    room_ = Bytes(static_cast<std::size_t>(
        checked_mul(std::min(all_, std::max(kBlock, longest)), sizeof(std::int32_t))));
    scratch_ = Buffer<std::uint32_t>(static_cast<std::size_t>(checked_mul(words_, threads)));
    found_.offsets.assign(static_cast<std::size_t>(rows) + 1, 0);
  }

  Pattern find() {
    for (Index first = 0; first < rows_;) {
      const Index last = set_begins(first);
      write(first, last);
      move(first, last);
      first = last;
    }
    return std::move(found_);
  }

 private:
  Index room_of(Index row) const { return symbolic_.most(row) + spgemm::ColumnBits::kRoom; }
  std::int32_t* room() const { return reinterpret_cast<std::int32_t*>(room_.data()); }

  /// Where each row from `first` on begins in the room; returns the row behind the last one that it holds.
  Index set_begins(Index first) {
    begins_ = {0};
    Index i = first;
    for (; i < rows_ && (i == first || begins_.back() + room_of(i) <= kBlock); ++i)
      begins_.push_back(begins_.back() + room_of(i));
    return i;
  }

  void write(Index first, Index last) {
    const auto row_at = [&](Index piece) {
      const Index share = begins_.back() / threads_ * piece;
      return piece == threads_ ? last - first
                               : std::lower_bound(begins_.begin(), begins_.end(), share) - begins_.begin();
    };
    parallel_for(threads_, threads_, [&](Index from, Index to) {
      for (Index k = from; k < to; ++k)
        for (Index i = row_at(k); i < row_at(k + 1); ++i)
          found_.offsets[static_cast<std::size_t>(first + i) + 1] = symbolic_.row(
              first + i, room() + begins_[static_cast<std::size_t>(i)], scratch_.data() + k * words_);
    });
  }

  void move(Index first, Index last) {
    Index* const offsets = found_.offsets.data();
    for (Index i = first; i < last; ++i) offsets[i + 1] += offsets[i];
    if (offsets[last] > kMostFormatBytes / Index{sizeof(float)})
      throw Error("spgemm", std::to_string(offsets[last]) + " entries of C and more: over 2 GiB of values");
    if (last == rows_ || first == 0) found_.columns.reserve(foreseen(offsets[last]));
    for (Index i = first; i < last; ++i) {
      const std::int32_t* const row = room() + begins_[static_cast<std::size_t>(i - first)];
      found_.columns.insert(found_.columns.end(), row, row + offsets[i + 1] - offsets[i]);
    }
  }

  /// Entries of C if what is to come is as the first block is; the exact number after the last.
  std::size_t foreseen(Index found) const {
    const double rest = static_cast<double>(all_) / static_cast<double>(begins_.back());
    constexpr double kMore = 1.1;
    const double guess = rest > 1 && found_.columns.empty() ? kMore * rest * static_cast<double>(found)
                                                            : static_cast<double>(found);
    return static_cast<std::size_t>(
        std::min(guess, static_cast<double>(kMostFormatBytes / Index{sizeof(float)})));
  }

  const spgemm::Symbolic& symbolic_;
  Index rows_;
  int threads_;
  Index words_ = 0, all_ = 0;
  Bytes room_;
  Buffer<std::uint32_t> scratch_;
  std::vector<Index> begins_;
  Pattern found_;
};
}  // namespace

Pattern find_pattern(const spgemm::Symbolic& symbolic, Index rows, int threads) {
  return Finder(symbolic, rows, threads).find();
}
}  // namespace tulle::library
