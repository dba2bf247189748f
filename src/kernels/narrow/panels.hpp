#pragma once
#include "kernels/narrow/words.hpp"

namespace tulle::narrow {
/// Row-major B in memory: bf16 or f32 (rounded to bf16 on the way), u8 or i8 (128 is added: count it to the
/// zero point). Rows lie ld elements apart; of tokens, columns do.
struct Source {
  const void* data;
  DType dtype;
  Index rows, cols, ld;
  bool tokens = false;
};

/// Tiles [first, last) of B, in panels of words one behind the other from `panels` on: [tile][word of K][16].
/// Bytes behind the last row are 0, as are lanes behind the last column, but for i8 tokens, where they are
/// anything.
void pack_panels(const Source&, Index first, Index last, float* panels);
constexpr DType panel_type(DType source) {
  return source == DType::f32 || source == DType::bf16 ? DType::bf16 : DType::i8;
}

/// Words [first, last) of 16 columns that are all there, as are the rows.
using PackWords = void (*)(const Source&, Index column, Index first_word, Index last_word, float* panel);
PackWords pack_words_avx512(DType source);
}  // namespace tulle::narrow
