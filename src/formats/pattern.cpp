#include "formats/pattern.hpp"
#include <algorithm>

namespace tulle {
namespace {
constexpr double kFewestZeros = 0.02;  // below: dense
constexpr double kFullBlocks = 0.95;   // of the entries of touched blocks are non-zero: the zeros come in blocks

struct View {
  const float* data;
  Index rows, cols;
  bool transposed;
  bool zero(Index i, Index j) const { return data[transposed ? j * rows + i : i * cols + j] == 0; }
};

struct Size {
  Index first, second;
};
constexpr Size kNofM[] = {{1, 4}, {2, 4}, {4, 8}};
constexpr Size kBlocks[] = {{32, 32}, {16, 16}, {8, 8}, {4, 4}, {16, 1}, {1, 16}, {8, 1}, {1, 8}, {4, 1}, {1, 4}, {2, 1}, {1, 2}};

bool is_n_of_m(const View& w, Size s) {
  if (w.cols % s.second != 0) return false;
  for (Index i = 0; i < w.rows; ++i)
    for (Index j = 0; j < w.cols; j += s.second) {
      Index kept = 0;
      for (Index k = 0; k < s.second; ++k) kept += !w.zero(i, j + k);
      if (kept > s.first) return false;
    }
  return true;
}

bool block_touched(const View& w, Index i0, Index j0, Size s) {
  for (Index i = i0; i < std::min(w.rows, i0 + s.first); ++i)
    for (Index j = j0; j < std::min(w.cols, j0 + s.second); ++j)
      if (!w.zero(i, j)) return true;
  return false;
}

bool is_blocked(const View& w, Size s, Index nnz) {
  if (w.rows < s.first || w.cols < s.second) return false;
  Index entries = 0;
  for (Index i = 0; i < w.rows; i += s.first)
    for (Index j = 0; j < w.cols; j += s.second)
      if (block_touched(w, i, j, s)) entries += (std::min(w.rows, i + s.first) - i) * (std::min(w.cols, j + s.second) - j);
  return static_cast<double>(nnz) >= kFullBlocks * static_cast<double>(entries);
}

std::string name_of(const View& w, const Pattern& p) {
  if (p.nnz == 0) return "all zero";
  if (p.zeros() < kFewestZeros) return "dense";
  for (const Size s : kBlocks)
    if (is_blocked(w, s, p.nnz)) return "blocks " + std::to_string(s.first) + "x" + std::to_string(s.second);
  for (const Size s : kNofM)
    if (is_n_of_m(w, s) && p.zeros() < 1 - 0.8 * static_cast<double>(s.first) / static_cast<double>(s.second))
      return std::to_string(s.first) + ":" + std::to_string(s.second) + " along inputs";
  return "unstructured";
}
}  // namespace

Pattern find_pattern(const float* data, Index rows, Index cols, bool transposed) {
  const View w{data, rows, cols, transposed};
  Pattern p{.rows = rows, .cols = cols};
  std::vector<bool> used(static_cast<std::size_t>(cols), false);
  for (Index i = 0; i < rows; ++i) {
    Index kept = 0;
    for (Index j = 0; j < cols; ++j)
      if (!w.zero(i, j)) ++kept, used[static_cast<std::size_t>(j)] = true;
    p.nnz += kept;
    p.empty_rows += kept == 0;
  }
  p.empty_cols = std::count(used.begin(), used.end(), false);
  p.name = name_of(w, p);
  return p;
}
}  // namespace tulle
