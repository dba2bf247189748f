#pragma once
#include <array>

#include "core/buffer.hpp"
#include "kernels/narrow/words.hpp"

namespace tulle::narrow {
constexpr int kGroupRows = 4;
constexpr int kSubsets = (1 << kGroupRows) - 1;  ///< of the rows of a group, without the empty one

/// Four consecutive rows of A. Entries that just the rows of one subset have (bit i of s: row i) lie
/// together, by rising s: the row of words of B in 16 bits, and a value (or word) of A for each row of the
/// subset.
struct PackedGroup {
  Index row = 0, rows = 0, first_entry = 0, first_value = 0;
  std::array<std::array<std::int32_t, kSubsets>, 2> counts{};  ///< [half][s - 1]
};

/// Half 0 are the entries of even columns where columns share rows of words (singles), and all others.
struct PackedWords {
  PackedWords(const linear::Problem&, bool two_halves);
  std::size_t bytes() const {
    return groups.size() * sizeof(PackedGroup) + b_rows.size() * 2 + values.size() * 4;
  }
  std::vector<PackedGroup> groups;
  Buffer<std::uint16_t> b_rows;
  Buffer<float> values;
};

/// The rows of words must fit 16 bits.
std::optional<std::string> refuse_packed(const Problem&);
/// Microseconds of a run that takes so many times the cycles of f32's FMAs.
double packed_us(const linear::Problem&, double scale);
}  // namespace tulle::narrow
