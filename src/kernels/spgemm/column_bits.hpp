#pragma once
#include <algorithm>
#include <cstdint>

#include "core/cpu.hpp"
#include "tulle/tensor.hpp"

namespace tulle::spgemm {
/// Which columns of a row there are: a bit for each, and a byte for each word of those that is not 0, so that
/// what is there comes out in order, without sorting and with hardly a look at the rest. Bytes, since one
/// more bit in a word would wait for the one before.
class ColumnBits {
 public:
  static constexpr Index kMostColumns = Index{1} << 23;  ///< whose bits fit an L2 cache
  static constexpr Index kRoom = 16;                     ///< columns behind the last that take() may write to

  /// In zeroed words that begin on a word of 64 bits.
  ColumnBits(std::uint32_t* words, Index cols)
      : bits_(reinterpret_cast<std::uint64_t*>(words)),
        used_(reinterpret_cast<std::uint8_t*>(bits_ + words_for(cols))),
        words_(words_for(cols)) {}
  static Index scratch_words(Index cols) { return 2 * words_for(cols) + (words_for(cols) + 63) / 64 * 16; }

  void set(std::int32_t column) {
    const std::uint32_t j = static_cast<std::uint32_t>(column), word = j / 64;
    bits_[word] |= std::uint64_t{1} << j % 64;
    used_[word] = 1;
  }
  /// Those of a whole row of bits.
  void set_all(const std::uint64_t* row) {
    for (Index w = 0; w < words_; ++w) bits_[w] |= row[w];
    std::fill_n(used_, words_, std::uint8_t{1});
  }

  /// Writes the columns, rising, forgets them, and returns how many there were.
  using Take = Index (*)(std::uint64_t* bits, std::uint8_t* used, Index groups, std::int32_t* columns);
  Index take(Take how, std::int32_t* columns) { return how(bits_, used_, (words_ + 63) / 64, columns); }
  static Index words_for(Index bits) { return (bits + 63) / 64; }
  static Take best_take(Features have);

 private:
  std::uint64_t* bits_;
  std::uint8_t* used_;
  Index words_;
};
}  // namespace tulle::spgemm
