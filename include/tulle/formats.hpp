#pragma once
#include <cstddef>
#include <optional>
#include <string>

#include "tulle/dense_view.hpp"
#include "tulle/sparse.hpp"

namespace tulle {
/// Other ways to store a sparse matrix. Each has: a maker from CSR (to_...), which throws Error for a matrix
/// that does not fit the format or would take over 2 GiB; to_csr(), its inverse; check(), for arrays that
/// come from elsewhere (the conversions trust theirs); size_bytes(), what its arrays take. Formats with gaps
/// (BSR, N:M) fill them with zeros: there, an entry that is stored as 0 is no longer an entry.

/// Compressed columns: column j holds entries offsets[j] .. offsets[j + 1] - 1.
struct CscView {
  Index rows = 0, cols = 0;
  std::span<const Index> offsets;             ///< cols + 1, rising from 0
  std::span<const std::int32_t> row_indices;  ///< one per entry, in [0, rows), rising within a column
  std::span<const float> values;
};
struct Csc {
  Index rows = 0, cols = 0;
  std::vector<Index> offsets;
  std::vector<std::int32_t> row_indices;
  std::vector<float> values;
  CscView view() const { return {rows, cols, offsets, row_indices, values}; }
};
Csc to_csc(const CsrView&);
Csr to_csr(const CscView&);
void check(const CscView&);
std::size_t size_bytes(const CscView&);

/// Triplets in any order. Several at one place are one entry to to_csr(): their sum, taken in f64 in their
/// order.
struct Coo {
  Index rows = 0, cols = 0;
  std::vector<std::int32_t> row_indices, columns;  ///< in [0, rows), [0, cols)
  std::vector<float> values;
};
Coo to_coo(const CsrView&);
Csr to_csr(const Coo&);  ///< of at most 2^27 rows
void check(const Coo&);
std::size_t size_bytes(const Coo&);

/// Blocks of block_rows x block_cols, compressed by rows of blocks; the last ones may reach past rows and
/// cols, where their values are 0.
struct BsrView {
  Index rows = 0, cols = 0, block_rows = 1, block_cols = 1;
  std::span<const Index> offsets;         ///< ceil(rows / block_rows) + 1, counted in blocks
  std::span<const std::int32_t> columns;  ///< of a block, counted in blocks; rising within a row of blocks
  std::span<const float> values;          ///< [block][block_rows][block_cols]
};
struct Bsr {
  Index rows = 0, cols = 0, block_rows = 1, block_cols = 1;
  std::vector<Index> offsets;
  std::vector<std::int32_t> columns;
  std::vector<float> values;
  BsrView view() const { return {rows, cols, block_rows, block_cols, offsets, columns, values}; }
};
Bsr to_bsr(const CsrView&, Index block_rows, Index block_cols);  ///< sides of 1 to 256
std::optional<std::string> bsr_refusal(const CsrView&, Index block_rows, Index block_cols);
Csr to_csr(const BsrView&);
void check(const BsrView&);
std::size_t size_bytes(const BsrView&);

/// Sliced ELLPACK, SELL-C-sigma (Kreutzer et al., arXiv 1307.6209): slices of C rows, each padded to its
/// longest row and stored column after column, so that C lanes walk down C rows. Rows are sorted by length,
/// the longest first, within windows of sigma rows; sigma 1 leaves them as they are.
struct SlicedEll {
  Index rows = 0, cols = 0, slice_rows = 1;
  std::vector<Index> offsets;  ///< ceil(rows / C) + 1; entry k of lane r of slice s: offsets[s] + k * C + r
  std::vector<std::int32_t> order;    ///< rows: lane r of slice s holds row order[s * C + r]
  std::vector<std::int32_t> lengths;  ///< rows, in stored order
  std::vector<std::int32_t> columns;  ///< 0 where padded
  std::vector<float> values;          ///< 0 where padded
};
SlicedEll to_sliced_ell(const CsrView&, Index slice_rows, Index sort_window = 1);
std::optional<std::string> sliced_ell_refusal(const CsrView&, Index slice_rows, Index sort_window = 1);
Csr to_csr(const SlicedEll&);
void check(const SlicedEll&);
std::size_t size_bytes(const SlicedEll&);

/// At most n of every m successive entries of a row (2:4, 1:4, 4:8). A row has ceil(cols / m) groups of n
/// slots; a slot without an entry holds value 0 at position 0.
struct NmMatrix {
  Index rows = 0, cols = 0, n = 1, m = 1;
  std::vector<std::uint8_t> positions;  ///< [row][group][slot], in [0, m), of entries rising within a group
  std::vector<float> values;            ///< [row][group][slot]
  Index groups() const { return (cols + m - 1) / m; }
};
NmMatrix to_nm(const CsrView&, Index n, Index m);  ///< 1 <= n <= m <= 256
std::optional<std::string> nm_refusal(const CsrView&, Index n, Index m);
Csr to_csr(const NmMatrix&);
void check(const NmMatrix&);
std::size_t size_bytes(const NmMatrix&);

/// One bit for each place of the matrix, and the values of the places whose bit is set.
struct Bitmask {
  Index rows = 0, cols = 0;
  std::vector<std::uint64_t>
      bits;                    ///< [row][ceil(cols / 64)]; column j is bit j % 64 of word j / 64; 0 past cols
  std::vector<Index> offsets;  ///< rows + 1: where the values of a row begin
  std::vector<float> values;
  Index words() const { return (cols + 63) / 64; }  ///< of a row
};
Bitmask to_bitmask(const CsrView&);
std::optional<std::string> bitmask_refusal(const CsrView&);
Csr to_csr(const Bitmask&);
void check(const Bitmask&);
std::size_t size_bytes(const Bitmask&);

Csr to_csr(const CsrView&);  ///< a copy
std::size_t size_bytes(const CsrView&);
Csr transpose(const CsrView&);
Csr drop_zeros(const CsrView&);               ///< without the entries that are stored as 0
/// alpha A + beta B: an entry wherever one of the two has one, be the sum 0 or not.
Csr add(const CsrView& a, const CsrView& b, float alpha = 1, float beta = 1);
/// C += alpha A, C dense and row-major; what A does not have is not touched.
void add(const CsrView& a, MutableDenseView c, float alpha = 1);
std::vector<float> to_dense(const CsrView&);  ///< row-major, rows * cols; at most 2 GiB

/// How the entries of a matrix lie.
struct Statistics {
  Index rows = 0, cols = 0, nnz = 0;
  double sparsity = 0;  ///< share of the places without an entry
  Index shortest_row = 0, longest_row = 0, empty_rows = 0, empty_cols = 0;
  double mean_row = 0, row_cv = 0;                 ///< entries a row; standard deviation over mean
  Index lower_bandwidth = 0, upper_bandwidth = 0;  ///< the largest i - j and j - i of an entry, at least 0
  std::string pattern;  ///< "unstructured", "2:4 along inputs", "blocks 4x4", "dense", "all zero"
};
Statistics statistics(const CsrView&);
}  // namespace tulle
