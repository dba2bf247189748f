#include "kernels/narrow/words.hpp"

#include <cmath>

#include "core/bfloat16.hpp"

namespace tulle::narrow {
namespace {
std::uint32_t bits_of(DType dtype, float value) {
  if (dtype == DType::bf16) return std::bit_cast<std::uint16_t>(BFloat16(value));
  return static_cast<std::uint8_t>(static_cast<std::int8_t>(value));
}
}  // namespace

Csr pack_words(const CsrView& a, DType dtype) {
  const Index in_word = values_in_word(dtype), bits = 32 / in_word;
  Csr words{a.rows, words_of(dtype, a.cols), {0}, {}, {}};
  for (Index i = 0; i < a.rows; ++i) {
    std::int32_t last = -1;
    for (Index e = a.offsets[i]; e < a.offsets[i + 1]; ++e) {
      const auto word = static_cast<std::int32_t>(a.columns[e] / in_word);
      if (word != last) words.columns.push_back(word), words.values.push_back(0);
      last = word;
      const std::uint32_t placed = bits_of(dtype, a.values[e]) << (a.columns[e] % in_word * bits);
      words.values.back() = std::bit_cast<float>(std::bit_cast<std::uint32_t>(words.values.back()) | placed);
    }
    words.offsets.push_back(std::ssize(words.values));
  }
  return words;
}

OnWords::OnWords(const Problem& p) : words(pack_words(p.a, p.dtype)) {
  for (Index w = 0; w < words.cols; ++w) offsets.push_back(static_cast<std::int32_t>(w * kLanes));
  problem = {words.view(), offsets, p.bias,       p.c_stride, p.r_stride,
             p.residual,   p.mask,  p.activation, p.tiles};
}

OnColumns::OnColumns(const Problem& p) {
  for (const float x : p.a.values) values.push_back(BFloat16(x));
  for (Index k = 0; k < p.a.cols; ++k) offsets.push_back(static_cast<std::int32_t>(k / 2 * kLanes));
  const CsrView a{p.a.rows, p.a.cols, p.a.offsets, p.a.columns, values};
  problem = {a, offsets, p.bias, p.c_stride, p.r_stride, p.residual, p.mask, p.activation, p.tiles};
}

std::vector<std::int32_t> first_sums(const Problem& p) {
  std::vector<std::int32_t> sums(static_cast<std::size_t>(p.a.rows), 0);
  if (p.dtype != DType::i8) return sums;
  for (Index i = 0; i < p.a.rows; ++i)
    for (Index e = p.a.offsets[i]; e < p.a.offsets[i + 1]; ++e)
      sums[static_cast<std::size_t>(i)] -= p.zero_point * static_cast<std::int32_t>(p.a.values[e]);
  return sums;
}

std::vector<float> scales_of(const Problem& p) {
  if (p.scales.empty()) return std::vector<float>(static_cast<std::size_t>(p.a.rows), 1);
  return {p.scales.begin(), p.scales.end()};
}

std::optional<std::string> refuse_values(const Problem& p) {
  if (p.dtype == DType::bf16) return std::nullopt;
  constexpr Index kMostColumns = 65'536;  // times 128 * 255 stays below 2^31
  if (p.a.cols > kMostColumns)
    return std::to_string(p.a.cols) + " columns, of which a sum in 32 bits holds " +
           std::to_string(kMostColumns);
  for (const float x : p.a.values)
    if (!(x >= -128 && x <= 127) || x != std::trunc(x))
      return "value " + std::to_string(x) + " is no whole number from -128 to 127";
  return std::nullopt;
}
}  // namespace tulle::narrow
