#pragma once
#include "kernels/narrow/words.hpp"
#include "tulle/dense_view.hpp"

namespace tulle::narrow {
/// B in memory: bf16 or f32 (rounded to bf16 on the way), u8 or i8 (128 is added: count it to the zero
/// point).
struct Source {
  const void* data;
  DType dtype;
  Index rows, cols, ld;
  DenseOrder order = DenseOrder::row_major;
  /// Row k of the panels is B's row sequence[k]; empty: k. Not of tokens.
  std::span<const std::int32_t> sequence = {};
};

/// Tiles [first, last) of B, in panels of words one behind the other from `panels` on: [tile][word of K][16].
/// Bytes behind the last row are 0; lanes behind the last column are 0 or anything.
void pack_panels(const Source&, Index first, Index last, float* panels);
constexpr DType panel_type(DType source) {
  return source == DType::f32 || source == DType::bf16 ? DType::bf16 : DType::i8;
}

/// The first words, whose rows are all there, of tiles whose columns are, by rows or in panels.
using PackWords = void (*)(const Source&, Index tile, Index tiles, Index words, float* panels);
PackWords pack_words_avx512(DType source);
}  // namespace tulle::narrow
