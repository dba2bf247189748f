#pragma once
#include <string>
#include <vector>
#include "core/tensor.hpp"
#include "tulle/sparse.hpp"

namespace tulle::lab {
/// C = A B in f64, by which every contender is checked before its time is taken.
class Reference {
 public:
  /// b: k x n row-major. Works on several threads.
  Reference(const CsrView& a, std::span<const float> b, Index n, int threads);

  struct Verdict {
    double error = 0;   ///< largest |c - reference| / (2^-24 sum |a||b|)
    std::string wrong;  ///< "" or where the bound is broken, and by what
  };
  /// Of a result f32 or i32, m x n, or n x m for tokens. Element (i, j) may be off by (nnz_i + 4) 2^-24 sum |a||b|
  /// (Higham 2002, section 3.1), of a type narrower than f32 also by its rounding of c; a sum of no products must be
  /// 0, and integers must be exact.
  Verdict check(const Tensor& c, bool tokens, DType) const;

 private:
  Index rows_, n_;
  std::vector<Index> entries_;  // of each row
  std::vector<double> sums_, sizes_;
};

/// The values that a narrower type can hold, as f32: bf16 and f16 rounded; i8 whole numbers in [-127, 127].
void narrow(std::span<float> values, DType);
}  // namespace tulle::lab
