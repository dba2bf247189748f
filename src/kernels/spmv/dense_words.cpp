#include "kernels/spmv/dense_words.hpp"

#include <algorithm>

namespace tulle::spmv {
template <class Value>
DenseWords<Value>::DenseWords(const Problem& p, Features isa, int slices_of_block)
    : slices(p, rows_in_order(p.a), isa),
      group(slices_of_block),
      cols(p.a.cols),
      words(words_of<Value>(p.a.cols)),
      values(static_cast<std::size_t>(checked_mul(slices.count() * kStep, words))) {
  for (Index i = 0; i < p.a.rows; ++i) {
    const Index slice = i / kLanes, first = slice / group * group;
    const Index together = std::min(group, slices.count() - first);
    Value* value = values.data() + (first * words + slice - first) * kStep + i % kLanes * kInWord<Value>;
    for (Index e = p.a.offsets[i]; e < p.a.offsets[i + 1]; ++e) {
      const Index column = p.a.columns[e];
      value[column / kInWord<Value> * together * kStep + column % kInWord<Value>] = Value(p.a.values[e]);
    }
  }
}

template <class Value>
double dense_cost_us(const Problem& p) {
  const double words =
      static_cast<double>(p.a.rows) * static_cast<double>(words_of<Value>(p.a.cols)) / kLanes;
  const double cycles = 4.0 / sizeof(Value) * static_cast<double>(p.n);  // an FMA, two, or two for each byte
  return std::max(words * cycles / 3600, stream_us(4 * kLanes * words));
}

template struct DenseWords<float>;
template struct DenseWords<BFloat16>;
template struct DenseWords<std::int8_t>;
template double dense_cost_us<float>(const Problem&);
template double dense_cost_us<BFloat16>(const Problem&);
template double dense_cost_us<std::int8_t>(const Problem&);
}  // namespace tulle::spmv
