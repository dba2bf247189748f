#include "formats/csr.hpp"

namespace tulle {
Csr csr_from_dense(const float* data, Index rows, Index cols, Index stride) {
  Csr a{rows, cols, {0}, {}, {}};
  a.offsets.reserve(static_cast<std::size_t>(rows) + 1);
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < cols; ++j)
      if (const float value = data[i * stride + j]; value != 0) {
        a.columns.push_back(static_cast<std::int32_t>(j));
        a.values.push_back(value);
      }
    a.offsets.push_back(static_cast<Index>(a.values.size()));
  }
  return a;
}
}  // namespace tulle
