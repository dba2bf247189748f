#pragma once
// Matrix products of the reference evaluations: sums in f64 for floats, modulo 2^64 for integers.
#include <vector>

#include "ops/expect.hpp"

namespace tulle::ops {
/// What sums of products of T are kept in: f64, or u64, in which wrapping around is defined.
template <class T>
using Sum = std::conditional_t<kIsFloat<T>, double, std::uint64_t>;
/// The types that evaluations over widened() meet.
using WideFloats = TypeList<float, double>;

/// y += a x over n elements. The inner loop of eight is what g++ makes vectors of at -O2.
template <class Acc, class T>
inline void axpy(Acc a, const T* __restrict x, Acc* __restrict y, Index n) {
  constexpr Index kStep = 8;
  Index j = 0;
  for (; j + kStep <= n; j += kStep)
    for (Index l = 0; l < kStep; ++l) y[j + l] += a * static_cast<Acc>(x[j + l]);
  for (; j < n; ++j) y[j] += a * static_cast<Acc>(x[j]);
}

/// C = A B for row-major A (m x k) and B (k x n); emit(i, sums) takes row i of C as n sums.
template <class T, class Emit>
void multiply(const T* a, const T* b, Index m, Index k, Index n, const Emit& emit) {
  std::vector<Sum<T>> sums(at(n));
  for (Index i = 0; i < m; ++i) {
    std::fill(sums.begin(), sums.end(), Sum<T>{});
    for (Index p = 0; p < k; ++p) axpy(static_cast<Sum<T>>(a[i * k + p]), b + p * n, sums.data(), n);
    emit(i, sums.data());
  }
}

/// Row-major rows x cols to cols x rows.
template <class T>
std::vector<T> transposed(const T* x, Index rows, Index cols) {
  std::vector<T> y(at(rows * cols));
  constexpr Index kSide = 32;  // both sides of a tile stay in L1
  for (Index i0 = 0; i0 < rows; i0 += kSide)
    for (Index j0 = 0; j0 < cols; j0 += kSide)
      for (Index i = i0; i < std::min(rows, i0 + kSide); ++i)
        for (Index j = j0; j < std::min(cols, j0 + kSide); ++j) y[at(j * rows + i)] = x[i * cols + j];
  return y;
}

/// How numpy's matmul reads its operands: batches of (m x k) times (k x n), and the shape of the result.
struct MatmulShape {
  Index m = 1, k = 1, n = 1;
  std::vector<Index> a_batch, b_batch;  ///< for each batch of the result the matrix of A and of B
  Shape out;
};
/// Refuses shapes that do not multiply or broadcast.
MatmulShape matmul_shape(const Call&, Shape a, Shape b);
}  // namespace tulle::ops
