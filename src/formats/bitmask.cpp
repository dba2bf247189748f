#include <bit>

#include "core/checked.hpp"
#include "formats/arrays.hpp"
#include "formats/check.hpp"
#include "tulle/formats.hpp"

namespace tulle {
std::optional<std::string> bitmask_refusal(const CsrView& a) {
  const Index words = (a.cols + 63) / 64;
  if (a.rows == 0 || words <= kMostFormatBytes / static_cast<Index>(sizeof(std::uint64_t)) / a.rows)
    return std::nullopt;
  return "the bits of " + std::to_string(a.rows) + " x " + std::to_string(a.cols) + " take more than 2 GiB";
}

Bitmask to_bitmask(const CsrView& a) {
  if (const auto refusal = bitmask_refusal(a)) throw Error("bitmask", *refusal);
  Bitmask b{a.rows, a.cols, {}, {a.offsets.begin(), a.offsets.end()}, {a.values.begin(), a.values.end()}};
  b.bits.resize(static_cast<std::size_t>(a.rows * b.words()));
  for (Index i = 0; i < a.rows; ++i)
    for (const std::int32_t j : row_columns(a, i))
      b.bits[static_cast<std::size_t>(i * b.words() + j / 64)] |= std::uint64_t{1} << (j % 64);
  return b;
}

Csr to_csr(const Bitmask& b) {
  Csr a{b.rows, b.cols, b.offsets, {}, b.values};
  a.columns.reserve(b.values.size());
  for (Index i = 0; i < b.rows; ++i)
    for (Index w = 0; w < b.words(); ++w)
      for (std::uint64_t left = b.bits[static_cast<std::size_t>(i * b.words() + w)]; left != 0;
           left &= left - 1)
        a.columns.push_back(static_cast<std::int32_t>(w * 64 + std::countr_zero(left)));
  return a;
}

namespace {
void check_row(const Bitmask& b, Index i) {
  const std::span words =
      std::span(b.bits).subspan(static_cast<std::size_t>(i * b.words()), static_cast<std::size_t>(b.words()));
  Index set = 0;
  for (const std::uint64_t word : words) set += std::popcount(word);
  const Index values = b.offsets[static_cast<std::size_t>(i) + 1] - b.offsets[static_cast<std::size_t>(i)];
  if (set != values)
    throw Error("bitmask", "row " + std::to_string(i) + " has " + std::to_string(set) + " bits set, but " +
                               std::to_string(values) + " values");
  if (b.cols % 64 != 0 && words.back() >> (b.cols % 64) != 0)
    throw Error("bitmask",
                "row " + std::to_string(i) + " has a bit set past column " + std::to_string(b.cols - 1));
}
}  // namespace

void check(const Bitmask& b) {
  check_sizes("bitmask", b.rows, b.cols);
  check_count("bitmask", "words of bits", b.bits.size(), checked_mul(b.rows, b.words(), "bitmask"));
  check_offsets("bitmask", "row", b.rows, b.offsets, b.values.size());
  for (Index i = 0; i < b.rows; ++i) check_row(b, i);
}

std::size_t size_bytes(const Bitmask& b) {
  return array_bytes(b.bits, b.offsets, b.values);
}
}  // namespace tulle
