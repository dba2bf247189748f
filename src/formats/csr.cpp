#include "formats/csr.hpp"
#include <numeric>

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

// Two passes over the data as it lies: the first counts the entries of each row, the second puts them there.
Csr csr_from_transposed(const float* data, Index rows, Index cols, Index stride) {
  Csr a{rows, cols, std::vector<Index>(static_cast<std::size_t>(rows) + 1), {}, {}};
  for (Index j = 0; j < cols; ++j)
    for (Index i = 0; i < rows; ++i) a.offsets[static_cast<std::size_t>(i) + 1] += data[j * stride + i] != 0;
  std::partial_sum(a.offsets.begin(), a.offsets.end(), a.offsets.begin());
  a.columns.resize(static_cast<std::size_t>(a.offsets.back()));
  a.values.resize(a.columns.size());
  std::vector<Index> next = a.offsets;
  for (Index j = 0; j < cols; ++j)
    for (Index i = 0; i < rows; ++i)
      if (const float value = data[j * stride + i]; value != 0) {
        const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(i)]++);
        a.columns[at] = static_cast<std::int32_t>(j);
        a.values[at] = value;
      }
  return a;
}
}  // namespace tulle
