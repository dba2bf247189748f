#pragma once
#include "core/bfloat16.hpp"
#include "core/checked.hpp"
#include "kernels/spmv/slices.hpp"

namespace tulle::spmv {
/// As many neighbours along k as fill 32 bits: one float, two bf16, four bytes.
template <class Value>
constexpr Index kInWord = 4 / Index{sizeof(Value)};

template <class Value>
Index words_of(Index cols) {
  return (cols + kInWord<Value> - 1) / kInWord<Value>;
}

/// All of A, streamed once in order: [block][word][slice][lane][value], a block being `group` slices (the
/// last one may have fewer).
template <class Value>
struct DenseWords {
  DenseWords(const Problem&, Features isa, int group);
  std::size_t bytes() const { return values.size() * sizeof(Value); }
  const Value* block(Index i) const { return values.data() + i * group * words * kStep; }

  static constexpr Index kStep = kLanes * kInWord<Value>;  ///< values of a word in all lanes of a slice
  Slices slices;
  Index group, cols, words;
  Buffer<Value> values;
};
extern template struct DenseWords<float>;
extern template struct DenseWords<BFloat16>;
extern template struct DenseWords<std::int8_t>;

template <class Value>
double dense_cost_us(const Problem&);
extern template double dense_cost_us<float>(const Problem&);
extern template double dense_cost_us<BFloat16>(const Problem&);
extern template double dense_cost_us<std::int8_t>(const Problem&);

inline std::optional<std::string> refuse_dense(const Problem& p, Index bytes) {
  return too_large(p, kLanes * bytes);
}
}  // namespace tulle::spmv
