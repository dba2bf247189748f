#include <algorithm>
#include <limits>

#include "formats/arrays.hpp"
#include "formats/blocks.hpp"
#include "formats/check.hpp"
#include "tulle/formats.hpp"

namespace tulle {
namespace {
constexpr Index kLongestSide = 256;

Index divide_up(Index a, Index b) {
  return (a + b - 1) / b;
}
}  // namespace

std::vector<std::int32_t> touched_blocks(const CsrView& a, Index block_row, BlockSize size) {
  std::vector<std::int32_t> found;
  const Index first = block_row * size.rows, last = std::min(a.rows, first + size.rows);
  for (Index i = first; i < last; ++i) {
    std::int32_t before = -1;
    for (const std::int32_t j : row_columns(a, i)) {
      const auto at = static_cast<std::int32_t>(j / size.cols);
      if (at != before) found.push_back(at);
      before = at;
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Index count_blocks(const CsrView& a, BlockSize size, Index most) {
  Index count = 0;
  for (Index i = 0; i < divide_up(a.rows, size.rows) && count <= most; ++i)
    count += static_cast<Index>(touched_blocks(a, i, size).size());
  return count;
}

std::optional<std::string> bsr_refusal(const CsrView& a, Index block_rows, Index block_cols) {
  const std::string size = std::to_string(block_rows) + "x" + std::to_string(block_cols);
  if (std::min(block_rows, block_cols) < 1 || std::max(block_rows, block_cols) > kLongestSide)
    return "blocks of " + size + ", sides of 1 to 256 are wanted";
  const Index most = kMostFormatBytes / static_cast<Index>(sizeof(float)) / (block_rows * block_cols);
  if (count_blocks(a, {block_rows, block_cols}, most) > most)
    return "more than " + std::to_string(most) + " blocks of " + size + " take more than 2 GiB";
  return std::nullopt;
}

Bsr to_bsr(const CsrView& a, Index block_rows, Index block_cols) {
  if (const auto refusal = bsr_refusal(a, block_rows, block_cols)) throw Error("bsr", *refusal);
  Bsr b{a.rows, a.cols, block_rows, block_cols, {0}, {}, {}};
  for (Index block_row = 0; block_row * block_rows < a.rows; ++block_row) {
    const std::vector<std::int32_t> blocks = touched_blocks(a, block_row, {block_rows, block_cols});
    const std::size_t before = b.values.size();
    b.columns.insert(b.columns.end(), blocks.begin(), blocks.end());
    b.values.resize(before + blocks.size() * static_cast<std::size_t>(block_rows * block_cols));
    for (Index r = 0; r < std::min(block_rows, a.rows - block_row * block_rows); ++r) {
      const Index i = block_row * block_rows + r;
      for (Index p = 0; p < row_length(a, i); ++p) {
        const Index j = row_columns(a, i)[static_cast<std::size_t>(p)];
        const Index at = std::lower_bound(blocks.begin(), blocks.end(), j / block_cols) - blocks.begin();
        b.values[before + static_cast<std::size_t>((at * block_rows + r) * block_cols + j % block_cols)] =
            row_values(a, i)[static_cast<std::size_t>(p)];
      }
    }
    b.offsets.push_back(static_cast<Index>(b.columns.size()));
  }
  return b;
}

Csr to_csr(const BsrView& b) {
  Csr a{b.rows, b.cols, {0}, {}, {}};
  for (Index i = 0; i < b.rows; ++i) {
    const auto block_row = static_cast<std::size_t>(i / b.block_rows);
    for (Index p = b.offsets[block_row]; p < b.offsets[block_row + 1]; ++p) {
      const auto row = static_cast<std::size_t>((p * b.block_rows + i % b.block_rows) * b.block_cols);
      for (Index c = 0; c < b.block_cols; ++c)
        if (const float value = b.values[row + static_cast<std::size_t>(c)]; value != 0) {
          a.columns.push_back(
              static_cast<std::int32_t>(b.columns[static_cast<std::size_t>(p)] * b.block_cols + c));
          a.values.push_back(value);
        }
    }
    a.offsets.push_back(static_cast<Index>(a.values.size()));
  }
  return a;
}

namespace {
/// Values past the last row or column would be read by kernels and lost by to_csr().
void check_edges(const BsrView& b) {
  for (std::size_t i = 0; i + 1 < b.offsets.size(); ++i)
    for (Index p = b.offsets[i]; p < b.offsets[i + 1]; ++p)
      for (Index r = 0; r < b.block_rows; ++r)
        for (Index c = 0; c < b.block_cols; ++c) {
          const Index row = static_cast<Index>(i) * b.block_rows + r;
          const Index col = b.columns[static_cast<std::size_t>(p)] * b.block_cols + c;
          if ((row >= b.rows || col >= b.cols) &&
              b.values[static_cast<std::size_t>((p * b.block_rows + r) * b.block_cols + c)] != 0)
            throw Error("bsr", "block " + std::to_string(p) + " holds a value at row " + std::to_string(row) +
                                   ", column " + std::to_string(col) + " of a " + std::to_string(b.rows) +
                                   " x " + std::to_string(b.cols) + " matrix");
        }
}
}  // namespace

void check(const BsrView& b) {
  check_sizes("bsr", b.rows, b.cols);
  if (std::min(b.block_rows, b.block_cols) < 1 || std::max(b.block_rows, b.block_cols) > kLongestSide)
    throw Error("bsr", *bsr_refusal({}, b.block_rows, b.block_cols));
  check_offsets("bsr", "row of blocks", divide_up(b.rows, b.block_rows), b.offsets, b.columns.size());
  check_indices("bsr", "row of blocks", "block column", divide_up(b.cols, b.block_cols), b.offsets,
                b.columns);
  check_count("bsr", "values", b.values.size(),
              static_cast<Index>(b.columns.size()) * b.block_rows * b.block_cols);
  check_edges(b);
}

std::size_t size_bytes(const BsrView& b) {
  return array_bytes(b.offsets, b.columns, b.values);
}
}  // namespace tulle
