#include "kernels/spgemm/column_bits.hpp"

#include <bit>
#include <cstring>
#include <utility>

#include "core/target.hpp"
#include "kernels/simd/intrinsics.hpp"

namespace tulle::spgemm {
namespace {
Index take_bit_by_bit(std::uint64_t* bits, std::uint8_t* used, Index groups, std::int32_t* columns) {
  Index count = 0;
  for (Index word = 0; word < 64 * groups; ++word) {
    if (!std::exchange(used[word], std::uint8_t{0})) continue;
    for (std::uint64_t left = std::exchange(bits[word], 0); left; left &= left - 1)
      columns[count++] = static_cast<std::int32_t>(64 * word + std::countr_zero(left));
  }
  return count;
}

/// The columns of sixteen bits at a time, squeezed together: no branch depends on how many there are.
TULLE_AVX512 Index take_avx512(std::uint64_t* bits, std::uint8_t* used, Index groups, std::int32_t* columns) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  std::int32_t* to = columns;
  for (Index g = 0; g < groups; ++g) {
    const __m512i flags = _mm512_loadu_si512(used + 64 * g);
    std::uint64_t words = _mm512_test_epi8_mask(flags, flags);
    if (words == 0) continue;
    _mm512_storeu_si512(used + 64 * g, _mm512_setzero_si512());
    for (; words; words &= words - 1) {
      const Index word = 64 * g + static_cast<Index>(__builtin_ctzll(words));
      const std::uint64_t left = std::exchange(bits[word], 0);
#pragma GCC unroll 4
      for (int part = 0; part < 4; ++part) {
        const auto mask = static_cast<__mmask16>(left >> 16 * part);
        const __m512i all =
            _mm512_add_epi32(lanes, _mm512_set1_epi32(static_cast<int>(64 * word + 16 * part)));
        _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(mask, all));
        to += __builtin_popcount(mask);
      }
    }
  }
  return to - columns;
}
}  // namespace

ColumnBits::Take ColumnBits::best_take(Features have) {
  return contains(have, Features::avx512) ? take_avx512 : take_bit_by_bit;
}
}  // namespace tulle::spgemm
