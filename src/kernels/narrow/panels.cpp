#include "kernels/narrow/panels.hpp"

#include <algorithm>
#include <bit>

#include "core/bfloat16.hpp"
#include "kernels/panels/kernel.hpp"

namespace tulle::narrow {
namespace {
constexpr Index kLineBytes = 64;

Index place(const Source& b, Index row, Index column) {
  const Index k = b.sequence.empty() ? row : b.sequence[static_cast<std::size_t>(row)];
  if (b.order == DenseOrder::panels) return column / kLanes * b.ld + k * kLanes + column % kLanes;
  return b.order == DenseOrder::tokens ? column * b.ld + k : k * b.ld + column;
}

std::uint32_t bits_at(const Source& b, Index row, Index column) {
  if (row >= b.rows || column >= b.cols) return 0;
  const Index at = place(b, row, column);
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
/// Tokens whose words lie whole are turned as floats are; of bytes the sign is flipped afterwards.
bool pack_tokens(const Source& b, Index first, Index last, float* panels) {
  const Index in_word = values_in_word(panel_type(b.dtype));
  const bool words = b.dtype != DType::f32 && b.rows % in_word == 0 && b.ld % in_word == 0 &&
                     reinterpret_cast<std::uintptr_t>(b.data) % alignof(float) == 0;
  if (b.order != DenseOrder::tokens || !words) return false;
  static const panels::Kernel& copies = panels::best(cpu_features());
  const Index ld = b.ld / in_word, rows = b.rows / in_word, column = first * kLanes;
  const Index columns = std::min(b.cols, last * kLanes) - column;
  copies.from_tokens(static_cast<const float*>(b.data) + column * ld, ld, rows, columns, panels,
                     rows * kLanes);
  if (b.dtype != DType::i8) return true;
  auto* bytes = reinterpret_cast<std::uint8_t*>(panels);
  for (Index i = 0; i < (last - first) * rows * kLanes * Index{sizeof(float)}; ++i) bytes[i] ^= 0x80;
  return true;
}

/// How many of the tiles [first, last) have all of their columns.
Index whole_tiles(const Source& b, Index first, Index last) {
  if (b.order == DenseOrder::tokens) return 0;
  return b.order == DenseOrder::panels ? last - first
                                       : std::clamp<Index>(b.cols / kLanes - first, 0, last - first);
}
}  // namespace

void pack_panels(const Source& b, Index first, Index last, float* panels) {
  static const bool avx512 = contains(cpu_features(), Features::avx512);
  if (pack_tokens(b, first, last, panels)) return;
  const DType type = panel_type(b.dtype);
  const Index words = words_of(type, b.rows), whole = b.rows / values_in_word(type);
  const Index fast = avx512 ? whole_tiles(b, first, last) : 0;
  const Index in_line = kLineBytes / kLanes / static_cast<Index>(size_bytes(b.dtype));
  for (Index t = 0; t < fast; t += in_line)
    pack_words_avx512(b.dtype)(b, first + t, std::min(in_line, fast - t), whole, panels + t * words * kLanes);
  for (Index t = 0; t < last - first; ++t)
    pack_any(b, (first + t) * kLanes, t < fast ? whole : 0, words, panels + t * words * kLanes);
}
}  // namespace tulle::narrow
