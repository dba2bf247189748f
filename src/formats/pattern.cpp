#include "formats/pattern.hpp"

#include <algorithm>

#include "formats/arrays.hpp"
#include "formats/blocks.hpp"
#include "formats/csr.hpp"
#include "tulle/formats.hpp"

namespace tulle {
namespace {
constexpr double kFewestZeros = 0.02;  // below: dense
constexpr double kFullBlocks =
    0.95;  // of the entries of touched blocks are non-zero: the zeros come in blocks

struct Ratio {
  Index n, m;
};
constexpr Ratio kNofM[] = {{1, 4}, {2, 4}, {4, 8}};
constexpr BlockSize kBlocks[] = {{32, 32}, {16, 16}, {8, 8}, {4, 4}, {16, 1}, {1, 16},
                                 {8, 1},   {1, 8},   {4, 1}, {1, 4}, {2, 1},  {1, 2}};

/// Places of the blocks that hold an entry, without what lies past the edges.
Index places_in_blocks(const CsrView& a, BlockSize size) {
  Index places = 0;
  for (Index i = 0; i * size.rows < a.rows; ++i) {
    const Index height = std::min(size.rows, a.rows - i * size.rows);
    for (const std::int32_t j : touched_blocks(a, i, size))
      places += height * std::min(size.cols, a.cols - j * size.cols);
  }
  return places;
}

bool is_blocked(const CsrView& a, BlockSize size) {
  return a.rows >= size.rows && a.cols >= size.cols &&
         static_cast<double>(a.nnz()) >= kFullBlocks * static_cast<double>(places_in_blocks(a, size));
}

std::string name_of(const CsrView& a, const Pattern& p) {
  if (p.nnz == 0) return "all zero";
  if (p.zeros() < kFewestZeros) return "dense";
  for (const BlockSize s : kBlocks)
    if (is_blocked(a, s)) return "blocks " + std::to_string(s.rows) + "x" + std::to_string(s.cols);
  for (const Ratio r : kNofM)
    if (a.cols % r.m == 0 && p.zeros() < 1 - 0.8 * static_cast<double>(r.n) / static_cast<double>(r.m) &&
        !nm_refusal(a, r.n, r.m))
      return std::to_string(r.n) + ":" + std::to_string(r.m) + " along inputs";
  return "unstructured";
}
}  // namespace

Pattern find_pattern(const CsrView& a) {
  Pattern p{.rows = a.rows, .cols = a.cols, .nnz = a.nnz()};
  for (Index i = 0; i < a.rows; ++i) p.empty_rows += row_length(a, i) == 0;
  std::vector<bool> used(static_cast<std::size_t>(a.cols), false);
  for (const std::int32_t j : a.columns) used[static_cast<std::size_t>(j)] = true;
  p.empty_cols = std::count(used.begin(), used.end(), false);
  p.name = name_of(a, p);
  return p;
}

Pattern find_pattern(const float* data, Index rows, Index cols, bool transposed) {
  return find_pattern(
      (transposed ? csr_from_transposed(data, rows, cols, rows) : csr_from_dense(data, rows, cols, cols))
          .view());
}
}  // namespace tulle
