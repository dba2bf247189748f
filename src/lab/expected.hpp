#pragma once
#include <string>
#include <vector>
#include "core/tensor.hpp"

namespace tulle::lab {
/// What a contender must find, in f64, by which it is checked before its time is taken.
struct Expected {
  Shape shape;
  std::vector<double> values;
  std::vector<double> sizes;   ///< what errors are measured by: of a sum, that of its terms' absolute values
  std::vector<double> bounds;  ///< how far a value may be off

  struct Verdict {
    double error = 0;   ///< largest |got - value| / (2^-24 size)
    std::string wrong;  ///< "" or where the bound is broken, and by what
  };
  /// Of a result f32 or i32 in that shape; integers must be exact.
  Verdict check(const Tensor&) const;
};

/// How far a sum of `terms` products may be off that was added in f32 in any order (Higham 2002, section 3.1); a
/// result may also be rounded to a narrower type.
double sum_bound(Index terms, double size, double value, DType);
}  // namespace tulle::lab
