// Rows of B next to each other into the halves or quarters of 16 words.
#include "core/target.hpp"
#include "kernels/narrow/panels.hpp"
#include "kernels/simd/intrinsics.hpp"

namespace tulle::narrow {
namespace {
#define TULLE_PACK inline __attribute__((always_inline)) TULLE_AVX512

/// bf16 of 16 floats in the low halves of the lanes, to nearest even; not a number stays so.
TULLE_PACK __m512i rounded(const float* p) {
  const __m512 x = _mm512_loadu_ps(p);
  const __m512i bits = _mm512_castps_si512(x), high = _mm512_srli_epi32(bits, 16);
  const __m512i even = _mm512_and_si512(high, _mm512_set1_epi32(1));
  const __m512i half = _mm512_add_epi32(_mm512_add_epi32(bits, even), _mm512_set1_epi32(0x7fff));
  const __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  return _mm512_mask_or_epi32(_mm512_srli_epi32(half, 16), nan, high, _mm512_set1_epi32(0x40));
}

struct Floats {
  using Element = float;
  static constexpr DType kPanel = DType::bf16;
  TULLE_PACK static __m512i word(const float* const (&rows)[2], Index at) {
    return _mm512_or_si512(rounded(rows[0] + at), _mm512_slli_epi32(rounded(rows[1] + at), 16));
  }
};

/// Two rows of 16 halves, then the two of each column side by side.
struct Halves {
  using Element = std::uint16_t;
  static constexpr DType kPanel = DType::bf16;
  TULLE_PACK static __m512i word(const std::uint16_t* const (&rows)[2], Index at) {
    alignas(64) static constexpr std::uint16_t kSideBySide[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                                  21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                                  11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    const __m512i both = _mm512_inserti64x4(
        _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows[0] + at))),
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows[1] + at)), 1);
    return _mm512_permutexvar_epi16(_mm512_load_si512(kSideBySide), both);
  }
};

/// Four rows of 16 bytes: their parts of four columns side by side, then the four of each column.
template <bool kSigned>
struct Bytes {
  using Element = std::uint8_t;
  static constexpr DType kPanel = DType::i8;
  TULLE_PACK static __m512i word(const std::uint8_t* const (&rows)[4], Index at) {
    alignas(64) static constexpr std::int32_t kFours[16] = {0, 4, 8,  12, 1, 5, 9,  13,
                                                            2, 6, 10, 14, 3, 7, 11, 15};
    const __m128i turned = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m512i all = _mm512_castsi128_si512(_mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[0] + at)));
    all = _mm512_inserti32x4(all, _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[1] + at)), 1);
    all = _mm512_inserti32x4(all, _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[2] + at)), 2);
    all = _mm512_inserti32x4(all, _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[3] + at)), 3);
    const __m512i fours = _mm512_permutexvar_epi32(_mm512_load_si512(kFours), all);
    const __m512i words = _mm512_shuffle_epi8(fours, _mm512_broadcast_i32x4(turned));
    return _mm512_xor_si512(words, _mm512_set1_epi8(kSigned ? static_cast<char>(0x80) : 0));
  }
};

/// Tiles whose rows share cache lines go together, or each would be read from L2 once for every tile.
template <class Type>
TULLE_AVX512 void pack(const Source& b, Index tile, Index tiles, Index words, float* panels) {
  using Element = typename Type::Element;
  constexpr Index kInWord = values_in_word(Type::kPanel);
  const Index panel = words_of(Type::kPanel, b.rows) * kLanes;
  const Index from_tile = b.order == DenseOrder::panels ? b.ld : kLanes,
              from_row = b.order == DenseOrder::panels ? kLanes : b.ld;
  const Element* const first = static_cast<const Element*>(b.data) + tile * from_tile;
  for (Index w = 0; w < words; ++w) {
    const Element* rows[kInWord];
#pragma GCC unroll 4
    for (Index i = 0; i < kInWord; ++i) {
      const Index k = kInWord * w + i;
      rows[i] = first + (b.sequence.empty() ? k : b.sequence[static_cast<std::size_t>(k)]) * from_row;
    }
    for (Index t = 0; t < tiles; ++t)
      _mm512_storeu_si512(panels + t * panel + w * kLanes, Type::word(rows, t * from_tile));
  }
}
#undef TULLE_PACK
}  // namespace

PackWords pack_words_avx512(DType source) {
  switch (source) {
    case DType::f32:
      return pack<Floats>;
    case DType::bf16:
      return pack<Halves>;
    case DType::i8:
      return pack<Bytes<true>>;
    default:
      return pack<Bytes<false>>;
  }
}
}  // namespace tulle::narrow
