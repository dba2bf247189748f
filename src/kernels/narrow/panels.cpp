#include "kernels/narrow/panels.hpp"

#include <bit>

#include "core/bfloat16.hpp"

namespace tulle::narrow {
namespace {
std::uint32_t bits_at(const Source& b, Index row, Index column) {
  if (row >= b.rows || column >= b.cols) return 0;
  const Index at = row * b.ld + column;
  switch (b.dtype) {
    case DType::f32:
      return std::bit_cast<std::uint16_t>(BFloat16(static_cast<const float*>(b.data)[at]));
    case DType::bf16:
      return static_cast<const std::uint16_t*>(b.data)[at];
    case DType::i8:
      return static_cast<const std::uint8_t*>(b.data)[at] ^ 0x80u;
    default:
      return static_cast<const std::uint8_t*>(b.data)[at];
  }
}

void pack_any(const Source& b, Index column, Index first_word, Index last_word, float* panel) {
  const Index in_word = values_in_word(panel_type(b.dtype)), bits = 32 / in_word;
  for (Index w = first_word; w < last_word; ++w)
    for (Index lane = 0; lane < kLanes; ++lane) {
      std::uint32_t word = 0;
      for (Index i = 0; i < in_word; ++i) word |= bits_at(b, w * in_word + i, column + lane) << (i * bits);
      panel[w * kLanes + lane] = std::bit_cast<float>(word);
    }
}
}  // namespace

void pack_panels(const Source& b, Index first, Index last, float* panels) {
  static const bool avx512 = contains(cpu_features(), Features::avx512);
  const DType type = panel_type(b.dtype);
  const Index words = words_of(type, b.rows), whole = b.rows / values_in_word(type);
  const PackWords fast = avx512 ? pack_words_avx512(b.dtype) : pack_any;
  for (Index tile = first; tile < last; ++tile, panels += words * kLanes) {
    const Index column = tile * kLanes;
    const Index by_vectors = column + kLanes <= b.cols ? whole : 0;
    fast(b, column, 0, by_vectors, panels);
    pack_any(b, column, by_vectors, words, panels);
  }
}
}  // namespace tulle::narrow
