#pragma once
#include <cmath>

#include "tulle/tensor.hpp"

namespace tulle::ops {
struct Moments {
  double mean = 0, variance = 0;  ///< of the population: divided by n
};
template <class T>
Moments moments(const T* x, Index n) {
  Moments m;
  for (Index i = 0; i < n; ++i) m.mean += x[i];
  m.mean /= static_cast<double>(n);
  for (Index i = 0; i < n; ++i) m.variance += (x[i] - m.mean) * (x[i] - m.mean);
  m.variance /= static_cast<double>(n);
  return m;
}
inline double inverse_deviation(double variance, double epsilon) {
  return 1 / std::sqrt(variance + epsilon);
}
}  // namespace tulle::ops
